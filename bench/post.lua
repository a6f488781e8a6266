-- Signed posts for wrk, every one distinct in body, signature and id.
--
-- BENCH_POSTS names a folder made by bench/run: head and tail, the template's
-- parts around an 8-digit number, and digests, 64 hex digits for each number
-- from 0 on.  Each thread has BENCH_CHUNK numbers of its own, the first
-- thread from BENCH_FIRST on; one that runs out of them says so in the end.

local folder = os.getenv("BENCH_POSTS")
local path = os.getenv("BENCH_PATH") or "/hooks/github"
local first = tonumber(os.getenv("BENCH_FIRST") or "0")
local chunk = tonumber(os.getenv("BENCH_CHUNK"))
local count_all = os.getenv("BENCH_COUNT") ~= nil

local function slurp(name, from, size)
	local f = assert(io.open(folder .. "/" .. name, "rb"))
	f:seek("set", from or 0)
	local text = f:read(size or "*a")
	f:close()
	return text
end

local threads = {}

function setup(thread)
	thread:set("base", first + #threads * chunk)
	thread:set("ran_out", 0)
	table.insert(threads, thread)
end

function init(args)
	head, tail = slurp("head"), slurp("tail")
	digests = slurp("digests", base * 64, chunk * 64)
	last = #digests / 64
	number = 0
	local length = #head + 8 + #tail
	before = "POST " .. path .. " HTTP/1.1\r\n" ..
	    "Host: localhost\r\n" ..
	    "User-Agent: GitHub-Hookshot/044aadd\r\n" ..
	    "Content-Type: application/json\r\n" ..
	    "X-GitHub-Event: issues\r\n" ..
	    "Content-Length: " .. length .. "\r\n" ..
	    "X-GitHub-Delivery: bench-"
	between = "\r\nX-Hub-Signature-256: sha256="
	head = "\r\n\r\n" .. head
	format, sub = string.format, string.sub
end

function request()
	local n = number
	number = n + 1
	if n >= last then
		ran_out = ran_out + 1
		n = last - 1
	end
	local digits = format("%08d", base + n)
	return before .. digits .. between ..
	    sub(digests, n * 64 + 1, n * 64 + 64) .. head .. digits .. tail
end

if count_all then
	statuses = {}
	function response(status)
		statuses[status] = (statuses[status] or 0) + 1
	end
end

function done(summary, latency, requests)
	local out, ran = {}, 0
	for _, thread in ipairs(threads) do
		ran = ran + thread:get("ran_out")
		if count_all then
			for status, n in pairs(thread:get("statuses")) do
				out[status] = (out[status] or 0) + n
			end
		end
	end
	local text = ""
	for status, n in pairs(out) do
		text = text .. ',"' .. status .. '":' .. n
	end
	io.write(string.format('BENCH {"requests":%d,"seconds":%.6f,"refused":%d,' ..
	    '"broken":%d,"ran_out":%d,"p50_ms":%.3f,"p99_ms":%.3f,' ..
	    '"max_ms":%.3f,"statuses":{%s}}\n', summary.requests,
	    summary.duration / 1e6, summary.errors.status,
	    summary.errors.connect + summary.errors.read +
	    summary.errors.write + summary.errors.timeout, ran,
	    latency:percentile(50) / 1000, latency:percentile(99) / 1000,
	    latency.max / 1000, text:sub(2)))
end
