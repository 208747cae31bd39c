-- For wrk: pushes the bodies of a file to all groups in random order, each once before any comes again.
--
--	wrk -s push.lua URL -- METHOD PREFIX SUFFIX GROUPS BODIES VARIANTS
--
-- The path of group I is PREFIX I SUFFIX. BODIES has VARIANTS bodies of one length, one after the other. Prints a line
-- of JSON at the end.
local heads, bodies = {}, {}
local sent = os.time()

function init(arguments)
	local method, prefix, suffix = arguments[1], arguments[2], arguments[3]
	local groups, variants = tonumber(arguments[4]), tonumber(arguments[6])
	local file = assert(io.open(arguments[5], "rb"))
	local text = file:read("*a")
	file:close()
	local length = #text / variants
	for i = 1, variants do
		bodies[i] = text:sub((i - 1) * length + 1, i * length)
	end
	for i = 1, groups do
		heads[i] = method .. " " .. prefix .. (i - 1) .. suffix .. " HTTP/1.1\r\nHost: " ..
			wrk.headers["Host"] .. "\r\nContent-Length: " .. length .. "\r\n\r\n"
	end
	math.randomseed(sent)
	for i = groups, 2, -1 do
		local j = math.random(i)
		heads[i], heads[j] = heads[j], heads[i]
	end
end

function request()
	sent = sent + 1
	return heads[sent % #heads + 1] .. bodies[sent % #bodies + 1]
end

function done(summary, latency, requests)
	local errors = summary.errors
	print(string.format('{"rate": %f, "p99": %f, "refused": %d, "broken": %d}',
		summary.requests / summary.duration * 1e6, latency:percentile(99) / 1e6, errors.status,
		errors.connect + errors.read + errors.write + errors.timeout))
end
