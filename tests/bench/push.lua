-- For wrk: pushes of 20 samples to 10 groups in turn.
local lines = {}
for i = 1, 20 do
	lines[i] = string.format('bench_metric_%d_total{device="sda%d",mode="user"} %d.5', i, i, i * 1000)
end
wrk.method = "POST"
wrk.body = table.concat(lines, "\n") .. "\n"
local n = 0
request = function()
	n = (n + 1) % 10
	return wrk.format(nil, "/metrics/job/bench/instance/" .. n)
end
done = function(summary, latency, requests)
	local failed = summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.write +
		summary.errors.timeout
	print("failed " .. failed)
end
