package migration

import (
	"errors"
	"fmt"
)

// Problem is a fault in what somebody handed in: a code with the place and the
// facts. locale has the sentence and the remedy.
type Problem struct {
	Code  string
	Row   int    // line of the file, from 1; 0: the whole file or form
	Field string // name of the field; empty: the whole row
	Args  Args
}

// Error returns the code and the place, for logs; people read locale's text.
func (p Problem) Error() string {
	if p.Row == 0 {
		return p.Code
	}
	return fmt.Sprintf("row %d: %s", p.Row, p.Code)
}

// Sentinels that the store and the rules answer with.
var (
	ErrNotFound  = errors.New("not found")
	ErrForbidden = errors.New("forbidden")
	ErrConflict  = errors.New("conflict")
)
