-- What acquire.lua and beat.lua share of what visitors do with a number; it stands before them.
--
-- A lease, and its entry in `holders`, keep when a number was clicked, copied and pressed long last (ms,
-- 0 = never): "click", or "click/copied/pressed" once there is more than a click. A message tells how
-- long ago that was: "120//", "" = nothing of it. Behind it stands the page that was opened last, unless
-- that was the session's first one: "0@12/prices", opened 12 s after the number was granted.

-- A message may come late, behind one that tells of something newer.
local function later(kept, ago, now)
  if ago == '' then return kept end
  return string.format('%d', math.max(tonumber(kept) or 0, now - ago))
end

-- Whether a click so long ago still keeps its number from others.
local function pins(click_ago, pin) return click_ago ~= '' and tonumber(click_ago) < tonumber(pin) end

-- Returns what to keep, and the ms since the click ("" = there was none now).
local function with_gestures(kept, told, now)
  if told == '' then return kept, '' end
  local click, copied, pressed, opened = string.match(kept, '^(%d+)/?(%d*)/?(%d*)(.*)$')
  local clicked_ago, copied_ago, pressed_ago = string.match(told, '^(%d*)/(%d*)/(%d*)$')
  click, copied, pressed = later(click, clicked_ago, now), later(copied, copied_ago, now),
    later(pressed, pressed_ago, now)
  if copied ~= '' or pressed ~= '' then
    click = click .. '/' .. (copied == '' and '0' or copied) .. '/' .. (pressed == '' and '0' or pressed)
  end
  return click .. opened, clicked_ago
end

-- What to keep once the page with this path was opened.
local function with_page(kept, path, since, now)
  local seconds = math.max(tonumber(now) - tonumber(since), 0) / 1000
  return string.match(kept, '^[%d/]+') .. string.format('@%d', seconds) .. path
end
