-- What acquire.lua and beat.lua share of what visitors do with a number; it stands before them.
--
-- A lease, and its entry in `holders`, keep when a number was clicked, copied and pressed long last (ms,
-- 0 = never): "click", or "click/copied/pressed" once there is more than a click. A message tells how
-- long ago that was: "120//", "" = nothing of it.

-- Returns what to keep, and the ms since the click ("" = there was none now).
local function with_gestures(kept, told, now)
  if told == '' then return kept, '' end
  local click, copied, pressed = string.match(kept, '^(%d+)/?(%d*)/?(%d*)$')
  local clicked_ago, copied_ago, pressed_ago = string.match(told, '^(%d*)/(%d*)/(%d*)$')
  if clicked_ago ~= '' then click = string.format('%d', now - clicked_ago) end
  if copied_ago ~= '' then copied = string.format('%d', now - copied_ago) end
  if pressed_ago ~= '' then pressed = string.format('%d', now - pressed_ago) end
  if copied ~= '' or pressed ~= '' then
    click = click .. '/' .. (copied == '' and '0' or copied) .. '/' .. (pressed == '' and '0' or pressed)
  end
  return click, clicked_ago
end
