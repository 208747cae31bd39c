// Pushes with client_golang: client ACTION URL [FORMAT].
package main

import (
	"fmt"
	"os"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/push"
	"github.com/prometheus/common/expfmt"
)

// One of each type, which has seen `times` rounds.
func collectors(times int) []prometheus.Collector {
	counter := prometheus.NewCounter(prometheus.CounterOpts{Name: "go_jobs_total", Help: "A \"counter\"\\\n."})
	traced := prometheus.NewCounter(prometheus.CounterOpts{Name: "go_traced_total", Help: "Has an exemplar."})
	gauge := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "go_level"}, []string{"zone", "area"})
	histogram := prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "go_seconds", Help: "A histogram.", Buckets: []float64{0.25, 1, 2.5}})
	summary := prometheus.NewSummary(prometheus.SummaryOpts{
		Name: "go_bytes", Help: "A summary.", Objectives: map[float64]float64{0.5: 0.05, 0.99: 0.001}})
	untyped := prometheus.NewUntypedFunc(prometheus.UntypedOpts{Name: "go_untyped"},
		func() float64 { return float64(times) })
	for i := 0; i < times; i++ {
		counter.Add(3)
		traced.(prometheus.ExemplarAdder).AddWithExemplar(2, prometheus.Labels{"trace_id": "abc"})
		gauge.WithLabelValues("küche \"1\"\\\n", "x").Add(-1.5e-7)
		histogram.Observe(0.5)
		histogram.Observe(5)
		summary.Observe(4)
	}
	return []prometheus.Collector{counter, traced, gauge, histogram, summary, untyped}
}

func run(action, url string) error {
	pusher := push.New(url, "go/client").Grouping("path", "/var/log").Grouping("empty", "").Grouping("plain", "a b")
	if len(os.Args) > 3 {
		pusher.Format(expfmt.Format(os.Args[3]))
	}
	switch action {
	case "push":
		for _, collector := range collectors(1) {
			pusher.Collector(collector)
		}
		return pusher.Push()
	case "add":
		for _, collector := range collectors(2)[3:] {
			pusher.Collector(collector)
		}
		return pusher.Add()
	case "clash":
		pusher.Collector(prometheus.NewGauge(prometheus.GaugeOpts{Name: "other"}))
		return pusher.Add()
	case "delete":
		return pusher.Delete()
	}
	return fmt.Errorf("unknown action %q", action)
}

func main() {
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
