package wire

// ParseStatus is tested by itself: status lines come from every server.
var ParseStatus = parseStatus
