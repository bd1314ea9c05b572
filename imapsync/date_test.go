package imapsync

import (
	"testing"
	"time"
)

func TestInternalDates(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"the form of RFC 3501", "17-Jul-1996 02:44:25 -0700", "1996-07-17T02:44:25-07:00"},
		{"a blank before a day of one digit (D-3)", " 1-Jul-2024 12:44:25 +0200", "2024-07-01T12:44:25+02:00"},
		{"a day of one digit without the blank (D-3)", "1-Jul-2024 12:44:25 +0200", "2024-07-01T12:44:25+02:00"},
		{"an hour of one digit", "1-Jul-2024 2:44:25 +0000", "2024-07-01T02:44:25Z"},
		{"a month in capitals (D-3)", "17-JUL-2024 02:44:25 +0000", "2024-07-17T02:44:25Z"},
		{"a month in small letters (D-3)", "17-jul-2024 02:44:25 +0000", "2024-07-17T02:44:25Z"},
		{"no seconds (D-3)", "17-Jul-2024 02:44 +0100", "2024-07-17T02:44:00+01:00"},
		{"GMT as zone (D-3)", "17-Jul-2024 02:44:25 GMT", "2024-07-17T02:44:25Z"},
		{"UT as zone (D-3)", "17-Jul-2024 02:44:25 UT", "2024-07-17T02:44:25Z"},
		{"UTC as zone", "17-Jul-2024 02:44:25 utc", "2024-07-17T02:44:25Z"},
		{"Z as zone (D-3)", "17-Jul-2024 02:44:25Z", "2024-07-17T02:44:25Z"},
		{"a zone with a colon (D-3)", "17-Jul-2024 02:44:25 +05:30", "2024-07-17T02:44:25+05:30"},
		{"a zone without blank before it", "17-Jul-2024 02:44:25+0530", "2024-07-17T02:44:25+05:30"},
		{"no zone is read as UTC", "17-Jul-2024 02:44:25", "2024-07-17T02:44:25Z"},
		{"the zone of summer is the server's word (D-1)", "27-Oct-2024 02:30:00 +0200", "2024-10-27T02:30:00+02:00"},
		{"the same hour again in winter (D-1)", "27-Oct-2024 02:30:00 +0100", "2024-10-27T02:30:00+01:00"},
		{"the easternmost zone", "17-Jul-2024 02:44:25 +1400", "2024-07-17T02:44:25+14:00"},
		{"a day of the week before it", "Wed, 17-Jul-2024 02:44:25 +0000", "2024-07-17T02:44:25Z"},
		{"blanks for hyphens", "17 Jul 2024 02:44:25 +0000", "2024-07-17T02:44:25Z"},
		{"two digits below 50 are of this century (RFC 5322 4.3)", "17-Jul-24 02:44:25 +0000", "2024-07-17T02:44:25Z"},
		{"two digits from 50 on are of the last (RFC 5322 4.3)", "17-Jul-96 02:44:25 +0000", "1996-07-17T02:44:25Z"},
		{"three digits count from 1900 (RFC 5322 4.3)", "17-Jul-103 02:44:25 +0000", "2003-07-17T02:44:25Z"},
		{"29 February of a leap year", "29-Feb-2024 02:44:25 +0000", "2024-02-29T02:44:25Z"},
		{"the first second that all servers keep (D-2)", "01-Jan-1970 00:00:01 +0000", "1970-01-01T00:00:01Z"},
		{"the last second of 2037 (D-2)", "31-Dec-2037 23:59:59 +0000", "2037-12-31T23:59:59Z"},

		{"29 February of another year", "29-Feb-2023 02:44:25 +0000", ""},
		{"31 February, which Dovecot reads as now (D-2)", "31-Feb-2024 02:44:25 +0000", ""},
		{"31 April", "31-Apr-2024 02:44:25 +0000", ""},
		{"day 0", "00-Jan-2024 02:44:25 +0000", ""},
		{"Domino's nothing (X-8)", "00-Jan-0000 00:00:00 +0000", ""},
		{"the year 1", "01-Jan-0001 00:00:00 +0000", ""},
		{"the year 0", "17-Jul-0000 02:44:25 +0000", ""},
		{"a year of five digits", "17-Jul-12024 02:44:25 +0000", ""},
		{"a year of one digit", "17-Jul-4 02:44:25 +0000", ""},
		{"midnight of the epoch, which Cyrus reads as now", "01-Jan-1970 00:00:00 +0000", ""},
		{"before the epoch by its zone", "01-Jan-1970 00:30:00 +0100", ""},
		{"1969", "31-Dec-1969 23:59:59 +0000", ""},
		{"2038, which Dovecot reads as now from the 19th on", "01-Jan-2038 00:00:00 +0000", ""},
		{"2038 by its zone", "31-Dec-2037 23:30:00 -0100", ""},
		{"the year 9999", "17-Jul-9999 02:44:25 +0000", ""},
		{"hour 24", "17-Jul-2024 24:00:00 +0000", ""},
		{"minute 60", "17-Jul-2024 12:60:00 +0000", ""},
		{"second 60", "17-Jul-2024 23:59:60 +0000", ""},
		{"a zone of 99 hours", "17-Jul-2024 02:44:25 +9999", ""},
		{"a zone with 60 minutes", "17-Jul-2024 02:44:25 +0560", ""},
		{"a month in Italian", "17-Lug-2024 02:44:25 +0000", ""},
		{"text after it", "17-Jul-2024 02:44:25 +0000 x", ""},
		{"NIL", "NIL", ""},
		{"nothing", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := parseInternalDate(tt.text)
			checkTime(t, got, ok, tt.want)
		})
	}
}

// checkTime compares instant and zone: both are passed on (D-1).
func checkTime(t *testing.T, got time.Time, ok bool, want string) {
	t.Helper()
	switch {
	case ok != (want != ""):
		t.Errorf("got %v, %v; want %q", got, ok, want)
	case ok && got.Format(time.RFC3339) != want:
		t.Errorf("got %s, want %s", got.Format(time.RFC3339), want)
	}
}

func TestDatesOfTheHeader(t *testing.T) {
	const date = "Date: Wed, 17 Jul 2024 02:44:25 +0200\r\n"
	tests := []struct{ name, text, want string }{
		{
			"the topmost Received comes before Date (D-2)",
			"Received: from a by b; Thu, 18 Jul 2024 10:00:00 +0200\r\nReceived: from c by a; Wed, 17 Jul 2024 09:00:00 +0200\r\n" + date,
			"2024-07-18T10:00:00+02:00",
		},
		{
			"a Received that cannot be read is passed over (D-2)",
			"Received: from a by b; yesterday\r\nReceived: from c by a; Wed, 17 Jul 2024 09:00:00 +0200\r\n" + date,
			"2024-07-17T09:00:00+02:00",
		},
		{"a Received that nobody would keep is passed over (D-2)", "Received: from a by b; Thu, 18 Jul 2069 10:00:00 +0200\r\n" + date, "2024-07-17T02:44:25+02:00"},
		{"a Received without a date is passed over", "Received: from a by b\r\n" + date, "2024-07-17T02:44:25+02:00"},
		{"a folded Received", "Received: from a\r\n\tby b (c; d)\r\n\tid 1;\r\n\tThu, 18 Jul 2024\r\n 10:00:00 +0200\r\n", "2024-07-18T10:00:00+02:00"},
		{"a comment behind the date", "Received: from a; Thu, 18 Jul 2024 10:00:00 +0200 (CEST)\r\n", "2024-07-18T10:00:00+02:00"},
		{"Date where there is no Received", date, "2024-07-17T02:44:25+02:00"},
		{"no day of the week", "Date: 17 Jul 2024 02:44:25 +0200\r\n", "2024-07-17T02:44:25+02:00"},
		{"no seconds", "Date: Wed, 17 Jul 2024 02:44 +0200\r\n", "2024-07-17T02:44:00+02:00"},
		{"a year of two digits", "Date: Wed, 17 Jul 96 02:44:25 +0200\r\n", "1996-07-17T02:44:25+02:00"},
		{"a zone by its American name, which is no UTC", "Date: Wed, 17 Jul 2024 02:44:25 EDT\r\n", "2024-07-17T02:44:25-04:00"},
		{"a zone by its European name", "Date: Wed, 17 Jul 2024 02:44:25 CEST\r\n", "2024-07-17T02:44:25+02:00"},
		{"GMT", "Date: Wed, 17 Jul 2024 02:44:25 GMT\r\n", "2024-07-17T02:44:25Z"},
		{"the form of INTERNALDATE", "Date: 17-Jul-2024 02:44:25 +02:00\r\n", "2024-07-17T02:44:25+02:00"},
		{"a date that nobody would keep", "Date: Thu, 1 Jan 1970 00:00:00 +0000\r\n", ""},
		{"garbage", "Date: \x80\xff; ; ;\r\nReceived: ;;;\r\n", ""},
		{"nothing at all", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := headerDate(readHeader([]byte(tt.text)))
			checkTime(t, got, ok, tt.want)
		})
	}
}

// The date of a message must not depend on where the program runs.
func TestNamedZonesDoNotDependOnTheMachine(t *testing.T) {
	for name, hours := range map[string]int{"EST": -5, "PDT": -7, "CET": 1, "MEST": 2} {
		got, ok := parseHeaderDate("Wed, 17 Jul 2024 12:00:00 " + name)
		if want := time.Date(2024, 7, 17, 12-hours, 0, 0, 0, time.UTC); !ok || !got.Equal(want) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}

func FuzzParseInternalDate(f *testing.F) {
	for _, seed := range []string{"17-Jul-1996 02:44:25 -0700", "31-Feb-2024 24:00:60 +9999", " 1-jul-24 2:44Z", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, ok := parseInternalDate(text)
		if !ok {
			return
		}
		// What is taken must come out the same of the form that APPEND sends.
		again, ok := parseInternalDate(got.Format("_2-Jan-2006 15:04:05 -0700"))
		if !ok || !again.Equal(got) {
			t.Errorf("%q → %v → %v, %v", text, got, again, ok)
		}
	})
}
