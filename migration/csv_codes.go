package migration

// Names of the fields of a row, as a Problem gives them.
const (
	FieldDestination         = "destination"
	FieldHost                = "host"
	FieldLogin               = "login"
	FieldPassword            = "password"
	FieldMasterPassword      = "master_password"
	FieldMaster              = "master"
	FieldClientID            = "client_id"
	FieldClientSecret        = "client_secret"
	FieldTenant              = "tenant"
	FieldDestinationPassword = "destination_password"
)

// Faults of the whole file.
const (
	CodeFileEmpty       = "csv.empty"
	CodeFileTooBig      = "csv.too_big"
	CodeFileNoRows      = "csv.no_rows"
	CodeFileTooManyRows = "csv.too_many_rows"
	CodeFileSpreadsheet = "csv.spreadsheet"
	CodeFileDocument    = "csv.document"
	CodeFileSepLine     = "csv.sep_line"
	CodeFileColumnOrder = "csv.column_order"

	CodeFileNoDestinationPassword = "csv.no_destination_password"
	CodeFileNeedsApp              = "csv.needs_app"

	CodeFileWindows1252 = "csv.windows1252" // a warning
)

// Faults of a row.
const (
	CodeRowTooFew            = "csv.too_few_fields"
	CodeRowTooMany           = "csv.too_many_fields"
	CodeRowOtherForm         = "csv.other_form"
	CodeRowTrailingSeparator = "csv.trailing_separator"
	CodeRowUnclosedQuote     = "csv.unclosed_quote"
	CodeRowAfterQuote        = "csv.after_quote"
	CodeRowNUL               = "csv.nul"
	CodeRowLostLetters       = "csv.lost_letters"
	CodeRowMixedLineEnds     = "csv.mixed_line_ends"
	CodeRowNeedsApp          = "csv.row_needs_app"
	CodeRowDuplicate         = "csv.duplicate"
	CodeRowSameDestination   = "csv.same_destination" // a warning
	CodeRowSameSource        = "csv.same_source"      // a warning
)

// Faults that any field may have.
const (
	CodeFieldPlaceholder = "field.placeholder"
	CodeFieldMask        = "field.mask"
	CodeFieldExcelError  = "field.excel_error"
	CodeFieldControl     = "field.control"
	CodeFieldQuote       = "field.quote"
	CodeFieldLong        = "field.long"
	CodeFieldAngle       = "field.angle_brackets"
	CodeFieldMailto      = "field.mailto"
	CodeFieldCleaned     = "field.cleaned" // a warning
)

// Faults of a host and its port.
const (
	CodeHostEmpty        = "host.empty"
	CodeHostScheme       = "host.scheme"
	CodeHostAddress      = "host.email_address"
	CodeHostPath         = "host.path"
	CodeHostBlank        = "host.blank"
	CodeHostUnderscore   = "host.underscore"
	CodeHostCharacter    = "host.character"
	CodeHostHyphen       = "host.hyphen"
	CodeHostEmptyLabel   = "host.empty_label"
	CodeHostLabelLong    = "host.label_long"
	CodeHostLong         = "host.long"
	CodeHostIDN          = "host.idn"
	CodeHostIPv4         = "host.ipv4"
	CodeHostIPv4Range    = "host.ipv4_range"
	CodeHostIPv4Zero     = "host.ipv4_zero"
	CodeHostIPv6         = "host.ipv6"
	CodeHostIPv6Zone     = "host.ipv6_zone"
	CodeHostIPv6Port     = "host.ipv6_port"
	CodeHostBracket      = "host.bracket"
	CodeHostLoopback     = "host.loopback"
	CodeHostPrivate      = "host.private"
	CodeHostLinkLocal    = "host.link_local"
	CodeHostUnspecified  = "host.unspecified"
	CodeHostMulticast    = "host.multicast"
	CodeHostReserved     = "host.reserved"
	CodeHostShort        = "host.short"         // a warning
	CodeHostOtherService = "host.other_service" // a warning
	CodePortEmpty        = "port.empty"
	CodePortNumber       = "port.number"
	CodePortRange        = "port.range"
	CodePortOtherService = "port.other_service"
)

// Faults of one field each.
const (
	CodeDestinationEmpty     = "destination.empty"
	CodeDestinationBlank     = "destination.blank"
	CodeDestinationSeveralAt = "destination.several_at"
	CodeDestinationNoName    = "destination.no_name"
	CodeDestinationDomain    = "destination.domain"

	CodeLoginEmpty    = "login.empty"
	CodeLoginBlank    = "login.blank"
	CodeLoginNoDomain = "login.no_domain"
	CodeLoginSpace    = "login.space" // a warning

	// Of a row that is opened by the key of a service account.
	CodeHostNotGoogle = "host.not_google" // args: host
	CodeLoginAddress  = "login.address"
	CodeLoginPersonal = "login.personal"

	CodePasswordEmpty            = "password.empty"
	CodePasswordBareQuote        = "password.bare_quote"  // a warning
	CodePasswordEdgeBlank        = "password.edge_blank"  // a warning
	CodePasswordInvisible        = "password.invisible"   // a warning
	CodePasswordCurlyQuotes      = "password.curly_quote" // a warning
	CodePasswordExcelNumber      = "password.excel_number"
	CodeMasterEmpty              = "master.empty"
	CodeMasterPasswordEmpty      = "master_password.empty"
	CodeDestinationPasswordEmpty = "destination_password.empty"

	CodeClientIDEmpty     = "client_id.empty"
	CodeClientIDFormat    = "client_id.format"
	CodeClientSecretEmpty = "client_secret.empty"
	CodeClientSecretIsID  = "client_secret.is_id"
	CodeTenantFormat      = "tenant.format"
	CodeTenantCommon      = "tenant.common"
)

// CSVCodes returns every code that ParseCSV and ParseHostPort give, problems
// and warnings: locale must have a sentence and a remedy for each.
func CSVCodes() []string {
	return []string{
		CodeFileEmpty, CodeFileTooBig, CodeFileNoRows, CodeFileNoDestinationPassword, CodeFileTooManyRows, CodeFileSpreadsheet,
		CodeFileDocument, CodeFileSepLine, CodeFileColumnOrder, CodeFileWindows1252, CodeFileNeedsApp,

		CodeRowTooFew, CodeRowTooMany, CodeRowOtherForm, CodeRowTrailingSeparator, CodeRowUnclosedQuote,
		CodeRowAfterQuote, CodeRowNUL, CodeRowLostLetters, CodeRowMixedLineEnds, CodeRowDuplicate,
		CodeRowSameDestination, CodeRowSameSource, CodeRowNeedsApp,

		CodeFieldPlaceholder, CodeFieldMask, CodeFieldExcelError, CodeFieldControl, CodeFieldQuote,
		CodeFieldLong, CodeFieldAngle, CodeFieldMailto, CodeFieldCleaned,

		CodeHostEmpty, CodeHostScheme, CodeHostAddress, CodeHostPath, CodeHostBlank, CodeHostUnderscore,
		CodeHostCharacter, CodeHostHyphen, CodeHostEmptyLabel, CodeHostLabelLong, CodeHostLong, CodeHostIDN,
		CodeHostIPv4, CodeHostIPv4Range, CodeHostIPv4Zero, CodeHostIPv6, CodeHostIPv6Zone, CodeHostIPv6Port,
		CodeHostBracket, CodeHostLoopback, CodeHostPrivate, CodeHostLinkLocal, CodeHostUnspecified,
		CodeHostMulticast, CodeHostReserved, CodeHostShort, CodeHostOtherService,
		CodePortEmpty, CodePortNumber, CodePortRange, CodePortOtherService,

		CodeDestinationEmpty, CodeDestinationBlank, CodeDestinationSeveralAt, CodeDestinationNoName,
		CodeDestinationDomain,
		CodeLoginEmpty, CodeLoginBlank, CodeLoginNoDomain, CodeLoginSpace, CodeHostNotGoogle, CodeLoginAddress, CodeLoginPersonal,
		CodePasswordEmpty, CodePasswordBareQuote, CodePasswordEdgeBlank, CodePasswordInvisible,
		CodePasswordCurlyQuotes, CodePasswordExcelNumber, CodeMasterEmpty, CodeMasterPasswordEmpty,
		CodeDestinationPasswordEmpty,
		CodeClientIDEmpty, CodeClientIDFormat, CodeClientSecretEmpty, CodeClientSecretIsID,
		CodeTenantFormat, CodeTenantCommon,
	}
}
