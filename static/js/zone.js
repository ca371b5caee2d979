/* A new clinic's clock: the zone of this computer is chosen already. */
(function () {
  "use strict";

  var field = document.getElementById("id_time_zone");
  var here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (!field || field.value) return;
  if ([...field.options].some((option) => option.value === here)) field.value = here;
})();
