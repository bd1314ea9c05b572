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
	text, code := form.Master, CodeFormChoice
	switch {
	case text == "":
		return migration.MasterForm{}
	case text == views.MasterOwn:
		text, code = "login:"+form.Pattern, CodeMasterPattern
	case !slices.Contains(views.MasterForms(), text):
		text = ""
	}
	master, err := migration.ParseMasterForm(text)
	if err != nil {
		name := map[string]string{CodeFormChoice: "master", CodeMasterPattern: "pattern"}[code]
		f.fault(name, code, nil)
	}
	return master
}
