package wire

// ParseStatus is tested by itself: status lines come from every server.
var ParseStatus = parseStatus

// GiveUpAfter makes a connection leave a server that says so many responses, or octets
// of them, in answer to one command.
func GiveUpAfter(c *Conn, responses, octets int) { c.most = volume{responses, octets} }
