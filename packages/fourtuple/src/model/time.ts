const DAY_MS = 86_400_000;

const digits = (value: number, width: number): string => String(value).padStart(width, '0');

/**
 * What Date.toISOString() gives of years 0 to 9999. The first call of that one has Node read the time zone, which it does
 * not need and which takes a quarter of a millisecond. Days to a date by H. Hinnant, "chrono-compatible low-level date
 * algorithms".
 */
export function isoTime(date: Date): string {
  const ms = date.getTime();
  const days = Math.floor(ms / DAY_MS);
  const rest = ms - days * DAY_MS;
  // Years begin in March here, so that the leap day is a year's last; an era has 400 of them.
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor((dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365);
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const fromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * fromMarch + 2) / 5) + 1;
  const month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  const time = [Math.floor(rest / 3_600_000), Math.floor(rest / 60_000) % 60, Math.floor(rest / 1000) % 60].map((part) => digits(part, 2)).join(':');
  return `${digits(year, 4)}-${digits(month, 2)}-${digits(day, 2)}T${time}.${digits(rest % 1000, 3)}Z`;
}
