package migration

import (
	"slices"
	"strings"
	"testing"
)

// Microsoft's servers take no password (S6): a file of passwords is refused before
// anything is contacted, with the reason, and so is each of its rows.
func TestPasswordsAreOfNoUseAtMicrosoft(t *testing.T) {
	const app = "a@rossi.example;;a@old.it;;11111111-2222-3333-4444-555555555555;s"
	tests := []struct {
		name, rows string
		kind       ServerType
		codes      []string
		usable     int
	}{
		{"four fields", "a@rossi.example;;a@old.it;pw\nb@rossi.example;;b@old.it;pw", Office365, []string{CodeFileNeedsApp, CodeRowNeedsApp, CodeRowNeedsApp}, 0},
		{"five fields", "a@rossi.example;;a@old.it;pw;boss", Office365, []string{CodeFileNeedsApp, CodeRowNeedsApp}, 0},
		{"six fields", app, Office365, nil, 1},
		{"seven fields", app + ";old.onmicrosoft.com", Office365, nil, 1},
		{"one row of four among rows of six", app + "\nb@rossi.example;;b@old.it;pw\n" + strings.ReplaceAll(app, "a@", "c@"), Office365, []string{CodeRowOtherForm}, 2},
		{"four fields for Exchange", "a@rossi.example;mail.old.it;a@old.it;pw", Exchange, nil, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := intake()
			in.Type = tt.kind
			sheet := in.Read([]byte(tt.rows))
			var codes []string
			for _, p := range sheet.Problems {
				codes = append(codes, p.Code)
			}
			if !slices.Equal(codes, tt.codes) || len(sheet.Rows) != tt.usable {
				t.Errorf("problems %v, %d rows", codes, len(sheet.Rows))
			}
			if wrong := slices.Contains(tt.codes, CodeFileNeedsApp); sheet.IsUsable() == wrong {
				t.Errorf("usable: %v", sheet.IsUsable())
			}
		})
	}
}

func TestCloudsByHost(t *testing.T) {
	for host, want := range map[string]string{
		"outlook.office365.com": "public", "outlook.office365.us": "us-government", "outlook-dod.office365.us": "us-defense",
		"partner.outlook.cn": "china", "mail.example.com": "",
	} {
		cloud, is := CloudOf(host)
		if is != (want != "") || is && (cloud.Name != want || cloud.Resource != "https://"+host) || !is && cloud.Name != "public" {
			t.Errorf("%s: %+v, %v", host, cloud, is)
		}
	}
}
