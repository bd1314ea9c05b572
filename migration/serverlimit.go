package migration

import "time"

// ServerLimit is what a server has taught by refusing a connection: how many it bears
// from us at once (C-1).
type ServerLimit struct {
	Server string // which, at which end of a migration
	Most   int
	Until  time.Time // from then on more are tried
}
