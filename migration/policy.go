package migration

import "time"

// Policy holds the numbers of the specification as data: an operator may set
// others.
type Policy struct {
	MaxRows        int           // S3: rows of one CSV
	MaxAtOnce      int           // S3: migrations of one customer planned at once
	MaxGap         time.Duration // S14: between the planned starts of pass 1 and 2
	DefaultGap     time.Duration // S14: what the wizard offers
	AdvisedGap     time.Duration // S14: below it the wizard warns
	MaxMessageSize int64         // S15: octets of one message
	KeepFor        time.Duration // S22: then a migration is deleted
	KeepSecretsFor time.Duration // S22: after pass 2, for retries and stragglers; 0: not at all
	DayLimit       int64         // M-5: octets read of one Gmail account in a day
	CheckFor       time.Duration // S17: how long the check of a row holds
	// Cloud is Microsoft's cloud for sources of Office 365 whose row names no server:
	// Cloud.Name; "": the public one.
	Cloud   string
	Folders FolderRules
}

// DefaultPolicy returns the numbers of the specification.
func DefaultPolicy() Policy {
	return Policy{
		MaxRows:        500,
		MaxAtOnce:      5,
		MaxGap:         23 * time.Hour,
		DefaultGap:     6 * time.Hour,
		AdvisedGap:     4 * time.Hour,
		MaxMessageSize: 50 << 20,
		KeepFor:        30 * 24 * time.Hour,
		KeepSecretsFor: 72 * time.Hour,
		DayLimit:       2500 * 1000 * 1000,
		CheckFor:       30 * time.Minute,
		Folders:        DefaultFolderRules(),
	}
}

// Groupware is a kind of server that keeps more than mail in its folders.
type Groupware string

// The kinds.
const (
	GroupwareExchange Groupware = "exchange"
	GroupwareZimbra   Groupware = "zimbra"
	GroupwareKerio    Groupware = "kerio"
)

// FolderRules says which source folders are left out, and how the others are
// treated. They travel with the job, so that the engine knows no default.
type FolderRules struct {
	// Excluded are names of top-level folders, compared without case (F-11).
	Excluded []string
	// ExcludedRoles are special-use attributes, such as `\Trash` (RFC 6154 §2).
	ExcludedRoles []string
	// KeepSubfolders copies the subfolders of an excluded folder (F-12).
	KeepSubfolders bool
	// Groupware leaves out what is no mail on servers of a kind (F-13); "": nothing.
	Groupware Groupware
	// MirrorSubscriptions subscribes at the destination only what is subscribed
	// at the source; otherwise everything copied is (F-14).
	MirrorSubscriptions bool
	// Labels says what becomes of the further labels of a message in a Gmail account
	// (M-2).
	Labels LabelRule
	// Chosen are the admin's own decisions for this migration. They go before all
	// the others but INBOX and views (F-17).
	Chosen FolderChoices
}

// DefaultFolderRules returns the rules of S15: five names and two attributes.
func DefaultFolderRules() FolderRules {
	return FolderRules{
		Excluded:      []string{"Trash", "Cestino", "Spam", "Posta indesiderata", "Junk Email"},
		ExcludedRoles: []string{`\Trash`, `\Junk`},
	}
}
