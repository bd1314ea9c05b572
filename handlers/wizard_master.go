package handlers

import (
	"slices"

	"trasloco/migration"
	"trasloco/views"
)

// CodeMasterPattern is the fault of a login of one's own that does not say where the
// mailbox and the master user stand.
const CodeMasterPattern = "source.master_pattern"

// masterForm reads how the source servers want the login of a master user.
func (f *formReader) masterForm(form views.ServerForm) migration.MasterForm {
	text, field, code := form.Master, "master", CodeFormChoice
	switch {
	case text == "":
		return migration.MasterForm{}
	case text == views.MasterOwn:
		text, field, code = "login:"+form.Pattern, "pattern", CodeMasterPattern
	case !slices.Contains(views.MasterForms(), text):
		text = "" // which is no form
	}
	master, err := migration.ParseMasterForm(text)
	if err != nil {
		f.fault(field, code, nil)
	}
	return master
}
