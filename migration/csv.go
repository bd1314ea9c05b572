package migration

import (
	"cmp"
	"slices"
)

// MaxCSVBytes is the size from which on a file is refused unread.
const MaxCSVBytes = 5 << 20

// Form says what the fields of a CSV are (S4, S5, S6). One file has one form.
type Form string

// The forms. A Microsoft 365 row may have a tenant as one more field.
const (
	FormStandard     Form = "standard"
	FormMaster       Form = "master"
	FormMicrosoft365 Form = "microsoft365"
)

// CSVOptions is what the reader of a CSV cannot know from the file.
type CSVOptions struct {
	MaxRows int // from Policy; 0: DefaultPolicy().MaxRows
	// DestinationPassword is set where the destination has no master user: the
	// password of the destination mailbox is one more field at the end of a row.
	DestinationPassword bool
	// DefaultPort and DefaultTLS hold for sources whose row says no port. 0 and
	// "" leave it to the other of the two, and at last to 993 with TLS.
	DefaultPort int
	DefaultTLS  TLSMode
	// DefaultHost is the source of rows whose host is empty; "": they are faulty.
	DefaultHost string
	// Provider is whose server that is where DefaultHost is empty.
	Provider Provider
	// NeedsApp is set where the sources take no password: every row has to have an
	// application (S6).
	NeedsApp bool
	// Key opens the rows of the standard form that have no password; zero: there is
	// none, and each needs one.
	Key ServiceAccount
	// AllowPrivate lets loopback, private and similar addresses pass.
	AllowPrivate bool

	passwordMayMiss bool // an empty DestinationPassword is the caller's matter
}

// Sheet is a CSV as understood. Rows holds the rows without a problem, in the
// order of the file; every other row with data has at least one of Problems. A
// problem of row 0 concerns the file, and then there may be no rows at all.
type Sheet struct {
	Form      Form   // "" if no row has a form
	Encoding  string // "UTF-8", "UTF-16LE", "UTF-16BE", "Windows-1252"; "" if unread
	Separator rune
	Header    bool        // the first row names the columns and was left out
	Lines     []SheetLine // every row with data, right or wrong
	Rows      []Resource
	Problems  []Problem // by row
	Warnings  []Problem // what was read all the same, and should be looked at
}

// ParseCSV reads a file of accounts. It reports all faults of all rows at once,
// touches nothing but data, and never panics. A record never spans lines.
// Passwords come out exactly as written; no Problem holds one. Of the
// destinations only the login and, with DestinationPassword, the password are
// set: the server is the caller's.
func ParseCSV(data []byte, opts CSVOptions) Sheet {
	p := &csvParser{opts: opts}
	if code := wholeFileFault(data); code != "" {
		p.fileFault(code, Args{"max": MaxCSVBytes >> 20})
		return p.sheet
	}
	records := p.read(data)
	p.noticeMissingPasswords(records)
	p.sheet.Form = p.mainForm(records)
	p.noticePasswords()
	for _, r := range records {
		p.check(r)
	}
	findDuplicates(records)
	p.collect(records)
	return p.sheet
}

type csvParser struct {
	opts       CSVOptions
	sheet      Sheet
	incomplete bool            // every row lacks a field: one fault of the file
	hosts      map[string]bool // of rows that have the form of the file
}

func (p *csvParser) fileFault(code string, args Args) {
	p.sheet.Problems = append(p.sheet.Problems, Problem{Code: code, Args: args})
}

func (p *csvParser) maxRows() int {
	return cmp.Or(p.opts.MaxRows, DefaultPolicy().MaxRows)
}

// read returns the rows with data, divided into fields. Where the file as a
// whole is at fault there are none.
func (p *csvParser) read(data []byte) []*record {
	body, encoding := decodeText(data)
	p.sheet.Encoding = encoding
	// Two more than allowed: a line "sep=" and a header are no rows.
	lines, total := textLines(body, p.maxRows()+2)
	lines, skipped := p.chooseSeparator(lines)
	records := divideLines(lines, p.sheet.Separator)
	if len(records) > 0 {
		records = p.dropHeader(records)
	}
	if p.sheet.Header {
		skipped++
	}
	rows := total - skipped
	switch {
	case len(p.sheet.Problems) > 0:
		return nil
	case rows == 0:
		p.fileFault(CodeFileNoRows, nil)
	case rows > p.maxRows():
		p.fileFault(CodeFileTooManyRows, Args{"rows": rows, "max": p.maxRows()})
		return nil
	}
	if encoding == encodingWindows1252 {
		p.sheet.Warnings = append(p.sheet.Warnings, Problem{Code: CodeFileWindows1252})
	}
	return records
}

// collect puts what was found into the sheet.
func (p *csvParser) collect(records []*record) {
	p.hosts = knownHosts(records)
	for _, r := range records {
		p.sheet.Lines = append(p.sheet.Lines, p.lineOf(r))
		p.sheet.Warnings = append(p.sheet.Warnings, r.warnings...)
		p.sheet.Problems = append(p.sheet.Problems, r.problems...)
		if len(r.problems) == 0 && !p.incomplete {
			p.sheet.Rows = append(p.sheet.Rows, r.resource)
		}
	}
}

// findDuplicates compares the accounts of all rows whose accounts could be
// read, also of those with other faults: they are going to be corrected.
func findDuplicates(records []*record) {
	type pair struct{ source, destination string }
	pairs, sources, destinations := map[pair]int{}, map[string]int{}, map[string]int{}
	for _, r := range records {
		if !r.hasAccounts() {
			continue
		}
		key := pair{r.resource.SourceKey(), r.resource.DestinationKey()}
		if other, found := pairs[key]; found {
			r.fault(CodeRowDuplicate, "", Args{"other": other})
			continue
		}
		if other, found := sources[key.source]; found {
			r.warn(CodeRowSameSource, FieldLogin, Args{"other": other})
		}
		if other, found := destinations[key.destination]; found {
			r.warn(CodeRowSameDestination, FieldDestination, Args{"other": other})
		}
		pairs[key] = r.line
		keepFirst(sources, key.source, r.line)
		keepFirst(destinations, key.destination, r.line)
	}
}

func keepFirst(lines map[string]int, key string, line int) {
	if _, found := lines[key]; !found {
		lines[key] = line
	}
}

// hasAccounts reports whether source and destination of the row were read.
func (r *record) hasAccounts() bool {
	return r.resource.Row != 0 && !slices.ContainsFunc(r.problems, func(p Problem) bool {
		return p.Field == FieldDestination || p.Field == FieldHost || p.Field == FieldLogin
	})
}
