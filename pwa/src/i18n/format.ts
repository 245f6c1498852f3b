/** Dates, times, numbers and sizes, as the reader's region writes them. Instants arrive as ISO text in UTC, dates as `2026-11-23`. */
import { locale } from './locale.svelte';

type DateStyle = 'short' | 'medium' | 'long' | 'weekday';

const DATE_STYLES: Readonly<Record<DateStyle, Intl.DateTimeFormatOptions>> = {
  short: { day: '2-digit', month: '2-digit', year: 'numeric' },
  medium: { day: 'numeric', month: 'short', year: 'numeric' },
  long: { day: 'numeric', month: 'long', year: 'numeric' },
  weekday: { weekday: 'short', day: 'numeric', month: 'short' },
};

const formatters = new Map<string, Intl.DateTimeFormat>();

// Making a formatter costs more than using it a hundred times, and lists use them by the hundred.
function formatter(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = locale.format + JSON.stringify(options);
  let kept = formatters.get(key);
  if (!kept) {
    kept = new Intl.DateTimeFormat(locale.format, options);
    formatters.set(key, kept);
  }
  return kept;
}

/** A calendar date has no time zone: it is written as it stands, in whatever zone the tablet is. */
export function formatDate(date: string, style: DateStyle = 'medium'): string {
  const instant = new Date(date.length === 10 ? `${date}T00:00:00Z` : date);
  const zone = date.length === 10 ? { timeZone: 'UTC' } : {};
  return formatter({ ...DATE_STYLES[style], ...zone }).format(instant);
}

/** `timeZone` is the site's, when what matters is the clock on the auditee's wall. */
export function formatTime(instant: string, timeZone?: string): string {
  return formatter({ hour: '2-digit', minute: '2-digit', hourCycle: 'h23', ...zoneOf(timeZone) }).format(
    new Date(instant),
  );
}

export function formatDateTime(instant: string, timeZone?: string): string {
  const options = {
    ...DATE_STYLES.medium,
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    ...zoneOf(timeZone),
  } as const;
  return formatter(options).format(new Date(instant));
}

/** To the second: where it matters what was before what. */
export function formatMoment(instant: string): string {
  const clock = { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' } as const;
  return formatter({ ...DATE_STYLES.medium, ...clock }).format(new Date(instant));
}

export function formatNumber(value: number, options?: Intl.NumberFormatOptions): string {
  return new Intl.NumberFormat(locale.format, options).format(value);
}

const MINUTES_IN = { day: 1440, hour: 60, minute: 1 } as const;

/** As people say it: the two largest units that there are, rounded to minutes. */
export function formatDuration(milliseconds: number): string {
  let left = Math.round(milliseconds / 60_000);
  const parts: string[] = [];
  for (const unit of ['day', 'hour', 'minute'] as const) {
    const count = Math.floor(left / MINUTES_IN[unit]);
    left -= count * MINUTES_IN[unit];
    if (count > 0) parts.push(formatNumber(count, { style: 'unit', unit, unitDisplay: 'long' }));
  }
  if (parts.length === 0) parts.push(formatNumber(0, { style: 'unit', unit: 'minute', unitDisplay: 'long' }));
  return formatList(parts.slice(0, 2));
}

/** Of a recording: minutes and seconds, `1:05`. */
export function formatLength(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  const two = { minimumIntegerDigits: 2 };
  return `${formatNumber(Math.floor(seconds / 60))}:${formatNumber(seconds % 60, two)}`;
}

const BYTE_UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte'] as const;

export function formatBytes(bytes: number): string {
  const step = bytes < 1000 ? 0 : Math.min(BYTE_UNITS.length - 1, Math.floor(Math.log10(bytes) / 3));
  const unit = BYTE_UNITS[step] ?? 'gigabyte';
  return formatNumber(bytes / 1000 ** step, { style: 'unit', unit, maximumFractionDigits: step > 1 ? 1 : 0 });
}

export function formatList(parts: readonly string[]): string {
  return new Intl.ListFormat(locale.format, { type: 'conjunction' }).format(parts);
}

function zoneOf(timeZone: string | undefined): Intl.DateTimeFormatOptions {
  return timeZone ? { timeZone } : {};
}
