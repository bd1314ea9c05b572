package notify

// full tells that mailboxes of the destination have no room.
func (w *writer) full() words {
	var logins []string
	for _, mailbox := range w.letter.Full {
		logins = append(logins, mailbox.Login)
	}
	return words{
		Subject: w.t("full.subject", map[string]any{"title": w.title()}),
		Title:   w.n("full.title", len(logins), nil),
		Lead:    []string{w.t("full.text", nil)},
		Sections: []section{
			{Title: w.t("full.section", nil), Items: w.list(logins)},
			{Button: w.link("full.button", "")},
		},
		Foot: w.foot("full"),
	}
}
