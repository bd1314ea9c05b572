package views

import "time"

// SentLetter is a mail that left the house.
type SentLetter struct {
	To, Subject string
	At          time.Time
	Text        string // the plain text
}

// OutboxPage shows the mails of the demonstration, the newest first.
type OutboxPage struct {
	Page
	Letters []SentLetter
	Now     time.Time
}
