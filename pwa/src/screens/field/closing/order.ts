/** In which order findings are read aloud, and whom one may expect in the room. */
import { isWithdrawn, WORST_FIRST, worstGrade, type NumberedFinding } from '../../../domain/finding';
import type { EntityView, LogView } from '../../../domain/fold';
import { say } from '../../../i18n';

/** The worst first, what is not graded yet before all, what was withdrawn last; numbers decide among equals. */
export function worstFirst(view: LogView, findings: readonly NumberedFinding[]): NumberedFinding[] {
  const rank = ({ finding }: NumberedFinding) =>
    isWithdrawn(finding) ? WORST_FIRST.length : (WORST_FIRST as readonly unknown[]).indexOf(worstGrade(view, finding));
  return [...findings].sort((one, other) => rank(one) - rank(other) || Number(one.number) - Number(other.number));
}

/** "Thomas Reiter, Quality manager": people write the function behind the name. */
export function personIn(line: string): { name: string; function: string } {
  const [name = '', ...rest] = line.split(',');
  return { name: name.trim(), function: rest.join(',').trim() };
}

/** The team and the client's representative, as far as they are not in the list yet. */
export function knownPeople(
  view: LogView,
  people: readonly EntityView<'attendance'>[],
): { name: string; function: string }[] {
  const there = new Set(people.map((person) => person.get('name')));
  const team = view.ofKind('team_member').map((member) => ({
    name: member.get('name') ?? '',
    function: say('team_role', member.get('role') ?? '', {}, ''),
  }));
  const representatives = view.ofKind('audit').map((audit) => personIn(audit.get('client_representative') ?? ''));
  return [...representatives, ...team].filter((person) => person.name !== '' && !there.has(person.name));
}
