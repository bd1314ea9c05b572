package handlers

import (
	"strconv"

	"github.com/labstack/echo/v4"

	"trasloco/migration"
	"trasloco/store"
)

// What require has fetched for a route, under its name.
const (
	customerKey = "customer"
	userKey     = "user"
	domainKey   = "domain"
)

// askedCustomer, askedUser and askedDomain return what require has fetched.
func askedCustomer(c echo.Context) migration.Customer {
	customer, _ := c.Get(customerKey).(migration.Customer)
	return customer
}

func askedUser(c echo.Context) migration.User {
	user, _ := c.Get(userKey).(migration.User)
	return user
}

func askedDomain(c echo.Context) store.DomainRow {
	domain, _ := c.Get(domainKey).(store.DomainRow)
	return domain
}

// fetchCustomer reads the customer whose people are asked for: that of ?customer=,
// else the caller's own. One he does not manage is not there for him.
func (s *Server) fetchCustomer(c echo.Context, user migration.User) error {
	if !user.CanManageUsers() {
		return migration.ErrForbidden
	}
	id := user.CustomerID
	if wish := c.QueryParam("customer"); wish != "" {
		var err error
		if id, err = number(wish); err != nil {
			return err
		}
	}
	if !user.CanManageCustomer(id) {
		return migration.ErrNotFound
	}
	customer, err := s.Store.Customer(c.Request().Context(), id)
	c.Set(customerKey, customer)
	return err
}

// fetchUser reads the user of :user for who manages his customer. To all others
// there is none; that somebody may not be changed, they are told.
func (s *Server) fetchUser(c echo.Context, user migration.User, r right) error {
	if !user.CanManageUsers() {
		return migration.ErrForbidden
	}
	id, err := number(c.Param("user"))
	if err != nil {
		return err
	}
	found, err := s.Store.User(c.Request().Context(), id)
	if err != nil {
		return err
	}
	if !user.CanManageCustomer(found.CustomerID) {
		return migration.ErrNotFound
	}
	c.Set(userKey, found)
	if r == rulesUser {
		return allow(user.MayChangeRoleOf(found))
	}
	return allow(user.CanChangeUser(found))
}

func (s *Server) fetchDomain(c echo.Context, user migration.User) error {
	if !user.CanManageUsers() {
		return migration.ErrForbidden
	}
	id, err := number(c.Param("domain"))
	if err != nil {
		return err
	}
	domain, err := s.Store.Domain(c.Request().Context(), store.AnyCustomer, id)
	if err != nil {
		return err
	}
	if !user.CanManageDomain(domain.Domain) {
		return migration.ErrNotFound
	}
	c.Set(domainKey, domain)
	return nil
}

// number reads the number of a row; what is none, nothing has.
func number(text string) (int64, error) {
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id <= 0 {
		return 0, migration.ErrNotFound
	}
	return id, nil
}
