package store

import (
	"context"
	"encoding/json"
	"fmt"

	"trasloco/migration"
)

// storedEndpoint is the form of an endpoint in the database. It has no
// field for a secret: those are sealed.
type storedEndpoint struct {
	Host      string             `json:"host"`
	Port      int                `json:"port"`
	TLS       migration.TLSMode  `json:"tls,omitempty"`
	TLSName   string             `json:"tls_name,omitempty"`
	Pin       string             `json:"pin,omitempty"`
	CA        []byte             `json:"ca,omitempty"`
	Insecure  bool               `json:"insecure,omitempty"`
	OldTLS    bool               `json:"old_tls,omitempty"`
	Most      int                `json:"most,omitempty"`
	Kind      migration.AuthKind `json:"auth,omitempty"`
	Login     string             `json:"login"`
	Master    string             `json:"master,omitempty"`
	AuthzID   bool               `json:"authzid,omitempty"`
	Separator string             `json:"separator,omitempty"`
	Pattern   string             `json:"pattern,omitempty"`

	Command migration.MasterCommand `json:"command,omitempty"`

	ClientID string `json:"client_id,omitempty"`
	Tenant   string `json:"tenant,omitempty"`
	Account  string `json:"account,omitempty"`
	KeyID    string `json:"key_id,omitempty"`
}

func packEndpoint(e migration.Endpoint) (string, error) {
	octets, err := json.Marshal(storedEndpoint{
		Host: e.Host, Port: e.Port, TLS: e.TLS, TLSName: e.TLSName, Pin: e.Pin, CA: e.CA, Insecure: e.Insecure, OldTLS: e.OldTLS, Most: e.Most,
		Kind: e.Auth.Kind, Login: e.Auth.Login, Master: e.Auth.Master,
		AuthzID: e.Auth.Form.AuthzID, Separator: e.Auth.Form.Separator, Pattern: e.Auth.Form.Pattern,
		Command:  e.Auth.Form.Command,
		ClientID: e.Auth.ClientID, Tenant: e.Auth.Tenant, Account: e.Auth.Account, KeyID: e.Auth.KeyID,
	})
	return string(octets), err
}

// unpackEndpoint is the reverse of packEndpoint; of "" it is no endpoint.
func unpackEndpoint(packed string) (migration.Endpoint, error) {
	if packed == "" {
		return migration.Endpoint{}, nil
	}
	var s storedEndpoint
	if err := json.Unmarshal([]byte(packed), &s); err != nil {
		return migration.Endpoint{}, fmt.Errorf("stored endpoint: %w", err)
	}
	return migration.Endpoint{
		Host: s.Host, Port: s.Port, TLS: s.TLS, TLSName: s.TLSName, Pin: s.Pin, CA: s.CA, Insecure: s.Insecure, OldTLS: s.OldTLS, Most: s.Most,
		Auth: migration.Auth{
			Kind: s.Kind, Login: s.Login, Master: s.Master,
			Form:     migration.MasterForm{AuthzID: s.AuthzID, Separator: s.Separator, Pattern: s.Pattern, Command: s.Command},
			ClientID: s.ClientID, Tenant: s.Tenant, Account: s.Account, KeyID: s.KeyID,
		},
	}, nil
}

// unpackMaster is the reverse of MasterForm.String.
func unpackMaster(text string) (migration.MasterForm, error) {
	if text == "" {
		return migration.MasterForm{}, nil
	}
	return migration.ParseMasterForm(text)
}

// packByAddress returns what was decided for servers, by their addresses, as JSON; ""
// where nothing was.
func packByAddress[V ~string](decided map[string]V) (string, error) {
	if len(decided) == 0 {
		return "", nil
	}
	octets, err := json.Marshal(decided)
	return string(octets), err
}

// unpackByAddress is the reverse of packByAddress.
func unpackByAddress[V ~string](packed string) (decided map[string]V, err error) {
	if packed == "" {
		return nil, nil
	}
	if err := json.Unmarshal([]byte(packed), &decided); err != nil {
		return nil, fmt.Errorf("what was decided for servers: %w", err)
	}
	return decided, nil
}

// completeAll sets the destination endpoints of the resources in list, from the
// destination servers of their domains as they are now. No secret is set.
func completeAll[T any](ctx context.Context, q querier, list []T, resource func(*T) *migration.Resource) error {
	var ids []int64
	seen := make(map[int64]bool)
	for i := range list {
		if id := resource(&list[i]).DomainID; !seen[id] {
			seen[id], ids = true, append(ids, id)
		}
	}
	servers, err := destinationsOf(ctx, q, ids)
	if err != nil {
		return fmt.Errorf("destinations: %w", err)
	}
	for i := range list {
		r := resource(&list[i])
		if server, known := servers[r.DomainID]; known {
			r.Destination = server.For(r.Destination.Auth.Login, migration.Secret{})
			r.Destination.Auth.Password = migration.Secret{}
		}
	}
	return nil
}
