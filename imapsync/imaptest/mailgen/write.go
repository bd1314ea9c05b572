package mailgen

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"mime"
	"strings"
	"time"
)

func words() []string {
	return strings.Fields(`il la di che non per una in con come più quando anche senza molto poco
		ordine fattura pagamento consegna appuntamento riunione preventivo contratto assistenza
		the your our please find attached invoice meeting moved thursday update server regards
		Grüße aus München für Straße année dernière écrit наш отчёт готов спасибо 会議 資料`)
}

// text returns lines of words, size octets or a little more.
func text(r *rand.Rand, size int) string {
	vocabulary := words()
	var out strings.Builder
	column := 0
	for out.Len() < size {
		word := vocabulary[r.IntN(len(vocabulary))]
		if column+len(word) > 72 {
			out.WriteString("\r\n")
			column = 0
		}
		out.WriteString(word + " ")
		column += len(word) + 1
	}
	out.WriteString("\r\n")
	return out.String()
}

// headers returns the header lines that most mail has; one in fifty has no
// Message-ID.
func headers(r *rand.Rand, date time.Time) string {
	var out strings.Builder
	for hop := range 1 + r.IntN(3) {
		fmt.Fprintf(&out, "Received: from mx%d.example.net (mx%d.example.net [192.0.2.%d])\r\n"+
			"\tby mail.example.org with ESMTPS id %x;\r\n\t%s\r\n",
			hop, hop, r.IntN(255), r.Uint64(), date.Add(-time.Duration(hop)*time.Second).Format(time.RFC1123Z))
	}
	names := []string{"Anna Rossi", "Jörg Müller", "Иван Петров", "R. Smith", "Fatturazione"}
	sender := mime.QEncoding.Encode("utf-8", names[r.IntN(len(names))])
	fmt.Fprintf(&out, "From: %s <u%d@example.net>\r\n", sender, r.IntN(400))
	out.WriteString("To: <anna@example.org>\r\n")
	subject := strings.Join(strings.Fields(text(r, 20+r.IntN(40))), " ")
	for i, word := range strings.SplitAfter(mime.QEncoding.Encode("utf-8", subject), "?= ") {
		out.WriteString([]string{"Subject: ", "\r\n "}[min(i, 1)] + strings.TrimSpace(word))
	}
	fmt.Fprintf(&out, "\r\nDate: %s\r\n", date.Format(time.RFC1123Z))
	if r.IntN(50) > 0 {
		fmt.Fprintf(&out, "Message-ID: <%x.%x@example.net>\r\n", r.Uint64(), r.Uint32())
	}
	out.WriteString("MIME-Version: 1.0\r\n")
	return out.String()
}

// ordinary returns a message of about that many octets: short mail is text,
// sometimes with HTML, longer mail has something attached.
func ordinary(r *rand.Rand, size int, date time.Time) []byte {
	if size >= 16_000 {
		return attachment(r, size, date)
	}
	head := headers(r, date)
	body := text(r, max(100, size-len(head)))
	if r.IntN(3) > 0 {
		return []byte(head + "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + body)
	}
	boundary := fmt.Sprintf("=_a%x", r.Uint64())
	half := body[:strings.LastIndex(body[:len(body)/2+1], " ")+1]
	return fmt.Appendf(nil, "%sContent-Type: multipart/alternative; boundary=%q\r\n\r\n"+
		"--%s\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n%s\r\n"+
		"--%s\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n<p>%s</p>\r\n--%s--\r\n",
		head, boundary, boundary, half, boundary, half, boundary)
}

// attachment returns a message with a file in base64, of size octets exactly,
// or the fewest it can have, about 2,000.
func attachment(r *rand.Rand, size int, date time.Time) []byte {
	boundary := fmt.Sprintf("=_m%x", r.Uint64())
	head := fmt.Appendf(nil, "%sContent-Type: multipart/mixed; boundary=%q\r\n\r\n"+
		"--%s\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n%s\r\n"+
		"--%s\r\nContent-Type: application/octet-stream; name=\"file.bin\"\r\nContent-Transfer-Encoding: base64\r\n\r\n",
		headers(r, date), boundary, boundary, text(r, 1000), boundary)
	tail := "--" + boundary + "--\r\n"
	out := make([]byte, 0, max(size, len(head)+len(tail)))
	out = append(out, head...)
	room := size - len(head) - len(tail)
	noise := base64Noise(r)
	for room >= 78+4 { // what is left for the last line must be able to be one
		out = append(out, piece(r, noise, 76)...)
		room -= 78
	}
	if room > 2 {
		out = append(out, piece(r, noise, room-2)...)
	}
	return append(out, tail...)
}

// base64Noise returns a few thousand random characters of base64.
func base64Noise(r *rand.Rand) []byte {
	octets := make([]byte, 3*1024)
	for i := 0; i < len(octets); i += 8 {
		binary.LittleEndian.PutUint64(octets[i:], r.Uint64())
	}
	return base64.StdEncoding.AppendEncode(nil, octets)
}

// piece returns a line of n characters of noise, from anywhere in it, and CRLF.
func piece(r *rand.Rand, noise []byte, n int) []byte {
	from := r.IntN(len(noise) - n)
	return append(noise[from:from+n:from+n], "\r\n"...)
}
