package notify

import "trasloco/locale"

// changed tells that the MX records of all domains lead to the destination, and
// what that means for the passes.
func (w *writer) changed() words {
	return words{
		Subject: w.t("changed.subject", map[string]any{"title": w.ofDomains()}),
		Title:   w.t("changed.title", nil),
		Lead:    []string{w.t("changed.text", nil)},
		Foot:    w.foot("changed"),
		Sections: []section{
			{Title: w.t("changed.domains", nil), Items: w.domainsNow()},
			{Title: w.t("end.title", nil), Text: w.afterChange(), Button: w.link("button", "")},
		},
	}
}

// afterChange says which pass brings over what still arrives at the old server.
func (w *writer) afterChange() []string {
	if first, ok := w.passNumber(1); ok && !first.Status.Ended() {
		return []string{w.t("changed.early", nil)}
	}
	then := w.second()
	if len(then) == 0 {
		return []string{w.t("mx.late_mail", nil)} // pass 2 is over
	}
	if at, ok := w.letter.Migration.OfferTwoTTLs(w.Policy, w.letter.Domains, w.Now()); ok {
		then = append(then, w.t("changed.offer", map[string]any{"at": locale.When(w.ctx, at, w.Now())}))
	}
	return then
}
