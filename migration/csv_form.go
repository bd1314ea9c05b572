package migration

import "slices"

// Columns of the forms, from left to right.
var (
	columnsStandard = []string{FieldDestination, FieldHost, FieldLogin, FieldPassword}
	columnsMaster   = []string{FieldDestination, FieldHost, FieldLogin, FieldMasterPassword, FieldMaster}
	columnsTenant   = []string{
		FieldDestination, FieldHost, FieldLogin, FieldPassword, FieldClientID, FieldClientSecret, FieldTenant,
	}
	columns365 = columnsTenant[:6:6]
)

// columns returns the names of the fields of a row with that many, or nil if no
// form has that many.
func (o CSVOptions) columns(count int) []string {
	if o.DestinationPassword {
		count--
	}
	for _, columns := range [][]string{columnsStandard, columnsMaster, columns365, columnsTenant} {
		if len(columns) == count && o.DestinationPassword {
			return append(slices.Clone(columns), FieldDestinationPassword)
		}
		if len(columns) == count {
			return columns
		}
	}
	return nil
}

// form returns the form of a row with that many fields, or "".
func (o CSVOptions) form(count int) Form {
	columns := o.columns(count)
	switch {
	case columns == nil:
		return ""
	case slices.Contains(columns, FieldClientID):
		return FormMicrosoft365
	case slices.Contains(columns, FieldMaster):
		return FormMaster
	}
	return FormStandard
}

// fieldsOf returns how many fields a row of the form has, without a tenant; of
// the standard form where there is none.
func (o CSVOptions) fieldsOf(form Form) int {
	count := len(columnsStandard)
	switch form {
	case FormMaster:
		count = len(columnsMaster)
	case FormMicrosoft365:
		count = len(columns365)
	}
	if o.DestinationPassword {
		count++
	}
	return count
}

// noticeMissingPasswords says once that the rows lack the destination's
// password, where most of them are standard rows without it: a list made for a
// destination with a master user. They are checked as what they are, so that
// their other faults are named too.
func (p *csvParser) noticeMissingPasswords(records []*record) {
	short := 0
	for _, r := range records {
		if r.count == len(columnsStandard) {
			short++
		}
	}
	if p.opts.DestinationPassword && 2*short > len(records) {
		p.fileFault(CodeFileNoDestinationPassword, Args{"fields": len(columnsStandard), "want": len(columnsStandard) + 1})
		p.opts.DestinationPassword, p.incomplete = false, true
	}
}

// noticePasswords says once that a file of passwords is of no use at Microsoft's
// servers, which take none since the end of basic authentication.
func (p *csvParser) noticePasswords() {
	if p.opts.NeedsApp && (p.sheet.Form == FormStandard || p.sheet.Form == FormMaster) {
		p.fileFault(CodeFileNeedsApp, Args{"fields": p.opts.fieldsOf(p.sheet.Form), "want": p.opts.fieldsOf(FormMicrosoft365)})
		p.incomplete = true
	}
}

// mainForm is the form of most rows; of two equally frequent ones the first. A
// row that ends with a separator may be meant to be shorter: it counts only
// where all rows do, and then by what is filled.
func (p *csvParser) mainForm(records []*record) Form {
	if form := p.mostFrequent(records, func(r *record) int {
		if r.count != r.filled() {
			return 0
		}
		return r.count
	}); form != "" {
		return form
	}
	if form := p.mostFrequent(records, (*record).filled); form != "" {
		return form
	}
	return p.mostFrequent(records, func(r *record) int { return r.count })
}

func (p *csvParser) mostFrequent(records []*record, count func(*record) int) Form {
	votes := map[Form]int{}
	best := Form("")
	for _, r := range records {
		form := p.opts.form(count(r))
		votes[form]++
	}
	for _, r := range records {
		if form := p.opts.form(count(r)); form != "" && (best == "" || votes[form] > votes[best]) {
			best = form
		}
	}
	return best
}

// filled is the number of fields up to the last that is not empty. Quotes make
// an empty field one that was meant.
func (r *record) filled() int {
	if r.count > len(r.fields) {
		return r.count
	}
	count := r.count
	for count > 0 && r.fields[count-1] == (field{}) {
		count--
	}
	return count
}

// checkForm reports a row that has not the fields of the file's form, and names
// the columns of one that has.
func (p *csvParser) checkForm(r *record) (fits bool) {
	want := p.opts.fieldsOf(p.sheet.Form)
	form := p.opts.form(r.count)
	args := Args{"fields": r.count, "want": want}
	switch {
	case form != "" && form == p.sheet.Form:
		r.columns = p.opts.columns(r.count)
		return true
	case p.sheet.Form != "" && p.opts.form(r.filled()) == p.sheet.Form:
		r.fault(CodeRowTrailingSeparator, "", args)
	case form != "":
		r.fault(CodeRowOtherForm, "", args)
	case r.count < want:
		r.fault(CodeRowTooFew, "", args)
	default:
		r.fault(CodeRowTooMany, "", args)
	}
	return false
}
