-- wrk script: sends the requests of a file, one a line: path, content type, signature header, body
-- (tab-separated). Threads start at different lines, so that they do not send the same ones. With a second
-- argument, each connection waits so many milliseconds on average before it sends the next one.
local lines = {}
local next_line = 1
local thread_count = 0
local pause = 0

function setup(thread)
    thread:set("offset", thread_count)
    thread_count = thread_count + 1
end

function init(args)
    for line in io.lines(args[1]) do
        lines[#lines + 1] = line
    end
    next_line = 1 + math.floor(#lines / 2) * offset
    pause = tonumber(args[2] or "0")
    if pause > 0 then
        -- wrk asks for a delay before every request only where there is such a function.
        function delay() return math.floor(2 * pause * math.random() + 0.5) end
    end
end

function request()
    local line = lines[(next_line - 1) % #lines + 1]
    next_line = next_line + 1
    local path, kind, signature, body = line:match("^([^\t]*)\t([^\t]*)\t([^\t]*)\t(.*)$")
    if path == "/healthz" then
        return wrk.format("GET", path)
    end
    local headers = { ["Content-Type"] = kind, ["Origin"] = "http://bench.example",
        ["User-Agent"] = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36" }
    if signature ~= "" then headers["X-Twilio-Signature"] = signature end
    return wrk.format("POST", path, headers, body)
end

function done(summary, latency)
    local errors = summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout
    io.write(string.format("RESULT %d %d %d %.0f %.0f\n", summary.requests, summary.duration, errors,
        latency:percentile(50), latency:percentile(99)))
end
