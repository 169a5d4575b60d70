-- Sends what a file of shots.py says, and prints what became of it as one JSON object.
local method, number, body, headers, words, paths, ready = "GET", 0, nil, {}, {}, {}, {}

function init(args)
    for line in io.lines(args[1]) do
        local word, rest = line:match("^(%S+) (.*)$")
        if word == "method" then method = rest
        elseif word == "start" then number = tonumber(rest)
        elseif word == "body" then body = rest
        elseif word == "word" then words[#words + 1] = rest
        elseif word == "path" then paths[#paths + 1] = rest
        elseif word == "header" then
            local name, value = rest:match("^([^:]+): (.*)$")
            headers[name] = value
        end
    end
    headers["Host"] = wrk.headers["Host"]
    if not (body and body:find("@n@", 1, true)) then
        for place, path in ipairs(paths) do ready[place] = wrk.format(method, path, headers, body) end
    end
end

local turn = 0
function request()
    turn = turn % #paths + 1
    if ready[turn] then return ready[turn] end
    number = number + 1
    local filled = body:gsub("@n@", string.format("%d", number))
    if #words > 0 then filled = filled:gsub("@w@", words[number % #words + 1]) end
    return wrk.format(method, paths[turn], headers, filled)
end

function done(summary, latency, requests)
    local e = summary.errors
    io.write(string.format(
        '\n{"calls":%d,"seconds":%.6f,"p50_ms":%.4f,"p99_ms":%.4f,"failed":%d}\n',
        summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
        e.connect + e.read + e.write + e.status + e.timeout))
end
