// Pushes with prometheus-cpp: client ACTION HOST PORT. Prints the status that it got.
#include <iostream>
#include <memory>
#include <string>

#include <prometheus/counter.h>
#include <prometheus/gateway.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

int main(int argc, char **argv)
{
	if (argc != 4)
		return 64;
	std::string action{argv[1]};
	auto registry = std::make_shared<prometheus::Registry>();
	prometheus::BuildCounter().Name("cpp_jobs_total").Help("A counter.").Register(*registry).Add({}).Increment(3);
	if (action == "push") {
		prometheus::BuildGauge()
			.Name("cpp_level")
			.Help("A \"gauge\".")
			.Register(*registry)
			.Add({{"l", "\"q\"\\\n"}})
			.Set(-1.5e-7);
		auto &histogram =
			prometheus::BuildHistogram().Name("cpp_seconds").Help("A histogram.").Register(*registry);
		histogram.Add({}, prometheus::Histogram::BucketBoundaries{0.25, 1}).Observe(0.5);
	} else {
		prometheus::BuildGauge().Name("cpp_more").Help("Another.").Register(*registry).Add({}).Set(1);
	}

	prometheus::Gateway gateway{argv[2], argv[3], "cpp", {{"zone", "a"}, {"instance", "b:1"}}};
	gateway.RegisterCollectable(registry);
	int status = action == "push"  ? gateway.Push()
		     : action == "add" ? gateway.PushAdd()
				       : gateway.DeleteForInstance();
	std::cout << status << std::endl;
	return 0;
}
