package wire

import "context"

// Search returns the numbers a SEARCH found: UIDs if byUID, else sequence
// numbers, in the server's order. They are nil where the server did not say what it
// found: "* SEARCH" alone says that it is nothing (RFC 3501 §7.2.5).
func (c *Conn) Search(ctx context.Context, byUID bool, criteria string) ([]uint32, error) {
	var found []uint32
	handle := func(r *Response) {
		if r.Name != "SEARCH" {
			return
		}
		if found == nil {
			found = []uint32{}
		}
		p := r.parser()
		for v, more := p.value(0); more; v, more = p.value(0) {
			if n, ok := number32(v.text); ok && !v.isList {
				found = append(found, n)
			}
		}
	}
	command := "SEARCH"
	if byUID {
		command = "UID SEARCH"
	}
	status, err := c.Do(ctx, handle, Text(command), Text(criteria))
	if err != nil {
		return nil, err
	}
	return found, status.Err(command)
}
