package ui

import (
	"strconv"
	"strings"
)

// ChartSpec describes a curve over time.
type ChartSpec struct {
	ID, Title string
	Text      string   // of when it is, and how fine
	Note      string   // what is to be seen, as a sentence
	Y         []string // labels from the top to zero, evenly far apart
	X         []string // labels from the beginning to the end, evenly far apart
	Points    []ChartPoint
	Breaks    []float64 // where time is left out, 0 to 1 from the left
}

// ChartPoint is a point of a curve; both are 0 to 1, from the left and from zero.
type ChartPoint struct{ X, Y float64 }

// The picture is drawn on a plane of this size, and stretched.
const (
	chartWidth  = 1000.0
	chartHeight = 176.0
)

func (c ChartSpec) grid() string {
	var b strings.Builder
	steps := max(len(c.Y)-1, 1)
	for i := range steps + 1 {
		b.WriteString("M0 " + chartNumber(chartHeight*float64(i)/float64(steps)) + "H1000")
	}
	return b.String()
}

// breaks are lines from top to bottom.
func (c ChartSpec) breaks() string {
	var b strings.Builder
	for _, at := range c.Breaks {
		b.WriteString("M" + chartNumber(chartWidth*at) + " 0V" + chartNumber(chartHeight))
	}
	return b.String()
}

func (c ChartSpec) line() string {
	var b strings.Builder
	for i, p := range c.Points {
		command := "L"
		if i == 0 {
			command = "M"
		}
		b.WriteString(command + place(p))
	}
	return b.String()
}

// area is what lies between the curve and zero.
func (c ChartSpec) area() string {
	if len(c.Points) == 0 {
		return ""
	}
	first, last := c.Points[0], c.Points[len(c.Points)-1]
	return c.line() + "L" + place(ChartPoint{X: last.X}) + "L" + place(ChartPoint{X: first.X}) + "Z"
}

func place(p ChartPoint) string {
	return chartNumber(chartWidth*p.X) + " " + chartNumber(chartHeight*(1-p.Y))
}

func chartNumber(n float64) string {
	return strconv.FormatFloat(n, 'f', 0, 64)
}
