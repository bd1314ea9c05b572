package migration

import "encoding/json"

// Hidden is what the settings of a Gmail account may hide from IMAP (M-4); "": nothing
// that shows.
type Hidden string

// CutFolder is a folder with exactly as many messages as Gmail lets people limit one to.
type CutFolder struct {
	Name     string `json:"name"`
	Messages int    `json:"messages"`
}

// hiding is what a Hidden says.
type hiding struct {
	AllMail bool        `json:"all_mail,omitempty"`
	Cut     []CutFolder `json:"cut,omitempty"`
}

// Hide is the reverse of AllMail and Cut.
func Hide(allMail bool, cut []CutFolder) Hidden {
	if !allMail && len(cut) == 0 {
		return ""
	}
	packed, _ := json.Marshal(hiding{allMail, cut}) // which text and numbers cannot fail
	return Hidden(packed)
}

// AllMail reports whether All Mail is not shown, and with it what has no label.
func (h Hidden) AllMail() bool { return h.open().AllMail }

// Cut are the folders that may hold more than is shown.
func (h Hidden) Cut() []CutFolder { return h.open().Cut }

// open reads what is stored; what cannot be read says nothing.
func (h Hidden) open() (found hiding) {
	_ = json.Unmarshal([]byte(h), &found)
	return found
}
