package migration

// Classes of errors that more is known of than their sentences. All of them, and what each
// means, are the engine's.
const (
	ClassAddress   = "address"
	ClassConnect   = "connect"
	ClassGreeting  = "greeting"
	ClassThrottled = "throttled"
	ClassTransport = "transport"

	// Of Microsoft 365.
	ClassTenant        = "tenant"
	ClassToken         = "token"
	ClassTokenApp      = "token_app"
	ClassTokenSecret   = "token_secret"
	ClassTokenExpired  = "token_expired"
	ClassTokenNoSecret = "token_no_secret"
	ClassTokenScope    = "token_scope"
	ClassTokenRoles    = "token_roles"
	ClassAppLogin      = "app_login"
	ClassAppPermission = "app_permission"

	// Of a service account of Google's.
	ClassKey         = "key"
	ClassKeyHost     = "key_host"
	ClassKeyRefused  = "key_refused"
	ClassKeyClock    = "key_clock"
	ClassKeyToken    = "key_token"
	ClassDelegation  = "delegation"
	ClassKeyMailbox  = "key_mailbox"
	ClassKeyDisabled = "key_disabled"
	ClassKeyLogin    = "key_login"
	ClassKeyIMAP     = "key_imap"
)
