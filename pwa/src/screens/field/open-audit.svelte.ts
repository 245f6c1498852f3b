/**
 * The audit that is open on this tablet, as every screen of the field sees it: the folded log and what follows from it.
 *
 * It stays open while one walks from room to room of the same audit, so that no screen begins empty; another audit, or
 * another account, closes it.
 */
import { session } from '../../app-session.svelte';
import { beingKept } from '../../being-kept';
import type { Outcome, Session, Written } from '../../commands/session';
import { undo } from '../../commands/undo';
import { layerOf, shapesIn, type Shape } from '../../domain/annotation';
import { openClosingRecord } from '../../domain/closing';
import { closingsOf } from '../../domain/closings';
import {
  citedStandards,
  gradedFinding,
  gradeId,
  gradeIn,
  numberedFindings,
  numbersOf,
  worstGrade,
  type FindingView,
} from '../../domain/finding';
import { isShown, LogView, type EntityView } from '../../domain/fold';
import { clauseResults, judgementId, type ClauseResult } from '../../domain/judgement';
import { mayWrite } from '../../domain/permissions';
import { refuse } from '../../domain/refusal';
import { standardsOf, type Clause, type Standard } from '../../domain/standard';
import { entityIdOf, entityKindOf } from '../../domain/operation';
import { foldTeam } from '../../domain/team';
import type { EntityKind, FindingGrade, TeamRole } from '../../domain/vocabulary';
import type { AuditbookDatabase } from '../../store/database';
import type { Live } from '../../store/live';
import {
  disputesOf,
  memberOf,
  unfiledOf,
  watchEvidence,
  watchLog,
  watchOutbox,
  watchReference,
  watchTrust,
  type Dispute,
  type EvidenceItem,
  type Outbox,
  type Trust,
  type TrustOf,
} from '../../store/queries';
import { AfterSeal } from './closing/after-seal.svelte';
import type { Capturing } from './evidence/capture-target';
import { auditableClauses, findClause, nameOfStandard, numberOf, standardIdOf, worded } from './catalogue';
import { watchUnread } from '../../store/read-again';
import { saidOf } from './erased';
import { gradesInWords } from './findings/grades';
import { Locating } from './evidence/locating.svelte';
import { Pictures } from './evidence/pictures.svelte';
import { NOWHERE, placeOf, viewAt, type Place } from './places/places';
import { dayToShow, isAuditedBy, localNow, slotAt, slotsInOrder, slotsOn, type SlotView } from './day/plan-day';
import { locale } from '../../i18n';
import type { Saving } from './saving.svelte';
import { undoWords } from './undo-words';
import { Undoing } from './undoing.svelte';

/** What standards call the first clause under a heading. */
const GENERAL = /^(General|Allgemeines)$/;

export class OpenAudit {
  readonly id: string;
  readonly account: string;
  readonly db: AuditbookDatabase;
  readonly pictures: Pictures;
  readonly afterSeal: AfterSeal;
  readonly undoing = new Undoing(
    (written) => this.asked(() => undo(this.session, written)),
    (written) => undoWords(this, written.operations),
  );

  view: LogView = $state.raw(new LogView());
  /** False for the few milliseconds before the first read; nothing may be taken for empty until then. */
  isLoaded = $state(false);
  /** Wall clock of this tablet, as slots are written. */
  now = $state(localNow(new Date()));
  #catalogue: readonly Standard[] = $state.raw([]);
  evidence: readonly EvidenceItem[] = $state.raw([]);
  /** Entries that count and that this app is too old to read. */
  unread = $state(0);
  trustOf: TrustOf = $state.raw(() => 'saved');
  #outbox: Outbox | null = $state.raw(null);

  /** The slot that somebody chose to look at; null follows the clock. */
  chosenSlot: string | null = $state(null);
  chosenDay: string | null = $state(null);
  /** Where judgements count, when somebody said otherwise than the slot. */
  chosenPlace: Place | null = $state.raw(null);
  /** The area where one is, when somebody said otherwise than the slot. Null: in none. */
  chosenArea: string | null | undefined = $state(undefined);
  /** By area, who of the client allowed photos there: asked once while the audit is open. */
  allowedBy: Readonly<Record<string, string>> = $state.raw({});
  /** The piece of the tray that waits for its clause or finding. */
  selectedPiece: string | null = $state(null);
  /** What is being captured, and for what. */
  capturing: Capturing | null = $state.raw(null);
  /** The piece of evidence that is open, large. */
  shownEvidence: string | null = $state(null);
  /** Clauses whose questions, notes and evidence are unfolded. */
  unfolded: ReadonlySet<string> = $state.raw(new Set());

  readonly facts = $derived.by(() => this.view.find('audit', this.id));
  readonly locating = new Locating();
  /** Whether this audit keeps where evidence was recorded. */
  readonly isLocating = $derived(['kept', 'in_report'].includes(this.facts?.get('positions') ?? 'off'));
  readonly isKnown = $derived.by(() => isShown(this.view.entity(`audit/${this.id}`)));
  readonly standards = $derived(standardsOf(this.facts?.get('criteria') ?? [], this.#catalogue));
  readonly clauses: readonly Clause[] = $derived(auditableClauses(this.standards));
  readonly criteria = $derived(this.clauses.map((clause) => clause.criterion));
  readonly findings = $derived(numberedFindings(this.view));
  readonly numbers = $derived(numbersOf(this.findings));
  readonly results = $derived(this.resultsIn(this.view));
  readonly notSeen = $derived(this.criteria.filter((criterion) => this.resultOf(criterion)?.result === 'not_seen'));
  readonly disputes = $derived(disputesOf(this.view));
  readonly unfiled = $derived(unfiledOf(this.view));
  readonly notSent = $derived.by(() => {
    const waiting = this.#outbox?.byAudit.get(this.id);
    return this.#outbox ? (waiting?.operations ?? 0) + (waiting?.photos ?? 0) + (waiting?.carried ?? 0) : undefined;
  });
  /** When the closing record was sealed that counts. */
  readonly sealedAt = $derived.by(() => closingsOf(this.view).counting?.seal.sealed_at ?? null);
  readonly isSealed = $derived(this.sealedAt !== null);

  /** My entry in the team; whoever began the audit may lead it without one. */
  readonly me = $derived.by(() => memberOf(this.view, this.account) ?? undefined);
  readonly team = $derived.by(() => foldTeam(this.view, this.id));
  readonly role: TeamRole | null = $derived.by(() => this.team.get(this.account) ?? null);

  readonly slots = $derived(slotsInOrder(this.view));
  readonly today = $derived(this.now.slice(0, 10));
  readonly day = $derived(this.chosenDay ?? dayToShow(this.slots, this.today));
  readonly slotsOfDay = $derived(slotsOn(this.slots, this.day));
  readonly mySlots = $derived(this.slotsOfDay.filter((slot) => isAuditedBy(slot, this.me)));
  readonly slotNow = $derived(slotAt(this.mySlots.length > 0 ? this.mySlots : this.slotsOfDay, this.now));
  readonly slot: SlotView | undefined = $derived(
    this.slots.find((slot) => slot.id === this.chosenSlot && isShown(slot as unknown as EntityView)) ?? this.slotNow,
  );
  /** Where I am: what is judged, noted and photographed from now on counts there. */
  readonly place: Place = $derived(this.chosenPlace ?? (this.slot ? placeOf(this.slot) : NOWHERE));

  readonly areas = $derived.by(() => {
    const order = new Intl.Collator(locale.current, { numeric: true });
    return this.view.ofKind('area').toSorted((one, other) => order.compare(saidOf(one, 'name'), saidOf(other, 'name')));
  });
  /** Where I am, as far as photos are concerned; the slot says it until somebody says otherwise. */
  readonly area = $derived.by(() => {
    const chosen = this.chosenArea === undefined ? this.slot?.get('area') : this.chosenArea;
    return this.areas.find((area) => area.id === chosen);
  });

  readonly #stops: (() => void)[] = [];

  constructor(id: string, account: string, db: AuditbookDatabase) {
    this.id = id;
    this.account = account;
    this.db = db;
    this.pictures = new Pictures(db);
    // While a new closing record is made, what changes goes into it.
    this.afterSeal = new AfterSeal(`${account} ${id}`, () => this.isSealed && !openClosingRecord(this.view));
    this.#follow(watchLog(db, id), (view) => {
      this.view = view;
      this.isLoaded = true;
    });
    this.#follow(watchReference(db, 'standards'), (standards) => (this.#catalogue = standards ?? []));
    this.#follow(watchEvidence(db, id), (evidence) => (this.evidence = evidence));
    this.#follow(watchTrust(db, id), (trustOf) => (this.trustOf = trustOf));
    this.#follow(watchUnread(db, id), (unread) => (this.unread = unread));
    this.#follow(watchOutbox(db), (outbox) => (this.#outbox = outbox));
    const clock = setInterval(() => (this.now = localNow(new Date())), 15_000);
    this.#stops.push(() => clearInterval(clock));
  }

  close(): void {
    for (const stop of this.#stops) stop();
    this.pictures.close();
  }

  /** Whoever works on this tablet, as commands want to know it. */
  get session(): Session {
    return session.current as Session;
  }

  /**
   * Does one thing and says whether the device has it. `done` is told in a toast with the way back; without it the change
   * is seen where it was made and only the bottom bar takes it back.
   */
  keep(saving: Saving, act: () => Promise<Outcome>, done?: string): Promise<Written | null> {
    return this.#keep(saving, () => this.asked(act), done);
  }

  /** The same without the question before the first change after the seal: the seals themselves, and the words of the report. */
  keepBesideSeal(saving: Saving, act: () => Promise<Outcome>, done?: string): Promise<Written | null> {
    return this.#keep(saving, () => beingKept(act), done);
  }

  async #keep(saving: Saving, act: () => Promise<Outcome>, done?: string): Promise<Written | null> {
    let written: Written | null = null;
    const isKept = await saving.keep(async () => {
      const answer = await act();
      if (!('code' in answer)) written = answer;
      return answer;
    });
    if (!isKept || written === null) return null;
    this.undoing.did(written, done);
    const refs = (written as Written).operations.map(({ ent }) => ent);
    // What was read before this was written knows nothing of it, and would call it safe.
    const before = this.trustOf;
    saving.follow(() => (this.trustOf === before ? 'saved' : this.leastSafe(refs)));
    return written;
  }

  /** Does it unless the audit is sealed and somebody, asked, says no. */
  async asked<T extends object>(act: () => Promise<Outcome<T>>): Promise<Outcome<T>> {
    return (await this.afterSeal.mayChange()) ? beingKept(act) : refuse('closing.left_as_sealed');
  }

  may(kind: EntityKind): boolean {
    return mayWrite(this.role, session.workspace?.roles ?? [], kind);
  }

  /** The result of each criterion in this log, by criterion: the whole log, or that of one place. */
  resultsIn(view: LogView): ReadonlyMap<string, ClauseResult> {
    return new Map(clauseResults(view, this.criteria, this.numbers).map((result) => [result.criterion, result]));
  }

  resultsAt(place: Place): ReadonlyMap<string, ClauseResult> {
    return this.resultsIn(viewAt(this.view, place));
  }

  resultOf(criterion: string): ClauseResult | undefined {
    return this.results.get(criterion);
  }

  clause(criterion: string): Clause | undefined {
    return findClause(this.standards, criterion);
  }

  /** "General" says nothing by itself: then the heading above it is named too. */
  titleOf(clause: Clause): string {
    const title = worded(clause.title, locale.current);
    const parent = GENERAL.test(title)
      ? this.standard(clause.criterion)?.clauses.find((other) => other.number === clause.parent)
      : undefined;
    return parent ? `${worded(parent.title, locale.current)} · ${title}` : title;
  }

  standard(criterion: string): Standard | undefined {
    return this.standards.find((standard) => standard.id === standardIdOf(criterion));
  }

  /** The number of a clause; with its standard before it where the audit has several. */
  clauseName(criterion: string): string {
    const number = numberOf(criterion);
    return this.standards.length > 1 ? `${this.standardName(criterion)} ${number}` : number;
  }

  standardName(criterion: string): string {
    return this.nameOfStandard(standardIdOf(criterion));
  }

  /** "ISO 9001:2015", or the id while this tablet does not have that edition. */
  nameOfStandard(id: string): string {
    const standard = this.standards.find((other) => other.id === id);
    return standard ? nameOfStandard(standard) : id;
  }

  /** What I said of this criterion at this place; undefined while I said nothing. */
  judgementOf(criterion: string, place: Place): EntityView<'judgement'> | undefined {
    const auditor = this.me?.id ?? this.account;
    const judgement = this.view.find('judgement', judgementId({ criterion, ...place, auditor }));
    return judgement && isShown(judgement as unknown as EntityView) ? judgement : undefined;
  }

  judgementsOf(criterion: string): readonly EntityView<'judgement'>[] {
    return this.view
      .ofKind('judgement')
      .filter(
        (judgement) =>
          judgement.get('criterion') === criterion && (judgement.get('result') ?? 'not_seen') !== 'not_seen',
      );
  }

  findingsOf(criterion: string): FindingView[] {
    return this.findings
      .filter(({ finding }) => finding.get('criteria')?.includes(criterion))
      .map(({ finding }) => finding);
  }

  /** The grade of a finding that counts where one must be shown. */
  worstGradeOf(finding: FindingView): FindingGrade | null {
    return worstGrade(this.view, finding);
  }

  /** The standards that a finding cites, in the audit's order, with the grade in each. */
  gradesOf(finding: FindingView): [standard: string, grade: FindingGrade | null][] {
    const order = this.facts?.get('criteria') ?? [];
    const place = (standard: string) => (order.includes(standard) ? order.indexOf(standard) : order.length);
    return citedStandards(finding)
      .sort((one, other) => place(one) - place(other))
      .map((standard) => [standard, gradeIn(this.view, finding, standard)]);
  }

  /** "Minor; ISO 14001:2015: Major"; empty where every standard has the same. */
  gradeWordsOf(finding: FindingView): string {
    const given = { general: finding.get('grade') ?? null, byStandard: this.gradesOf(finding) };
    return gradesInWords(given, (standard) => this.nameOfStandard(standard));
  }

  /** How safe the work on a finding is, its grades by standard included: the least safe part counts. */
  trustOfFinding(finding: FindingView): Trust {
    const grades = citedStandards(finding).map((standard) => `finding_grade/${gradeId(finding.id, standard)}`);
    return this.leastSafe([finding.ref, ...grades]);
  }

  /** How safe the work on several entities is: the least safe counts. */
  leastSafe(refs: readonly string[]): Trust {
    const parts = refs.map((ref) => this.trustOf(ref));
    return (['saved', 'sent'] as const).find((state) => parts.includes(state)) ?? 'safe';
  }

  /** Open disputes over a finding, its grades by standard among them. */
  disputesOf(finding: string): readonly Dispute[] {
    return this.disputes.filter(({ ref }) => {
      const id = entityIdOf(ref);
      return entityKindOf(ref) === 'finding_grade' ? gradedFinding(id) === finding : ref === `finding/${finding}`;
    });
  }

  /** What is drawn on each piece of evidence; what one side of a dispute covers is covered until it is settled. */
  readonly #layers = $derived.by(() => {
    const layered = this.evidence
      .filter(({ withdrawn }) => withdrawn === null)
      .map(({ id, sha256, entity }) => ({ id, sha256, shapes: shapesIn(entity.value('annotation')) }));
    const disputed = this.evidence.flatMap(({ id, sha256, entity }) =>
      (entity.fields.get('annotation')?.heads ?? []).map((head) => ({
        id: `${id} ${head.digest}`,
        sha256,
        shapes: head.isErased ? [] : shapesIn(head.val),
      })),
    );
    const all = [...layered, ...disputed];
    return new Map(layered.filter((one) => one.sha256).map((one) => [one.id, layerOf(one, all)]));
  });

  layerOf(item: Pick<EvidenceItem, 'id'>): readonly Shape[] {
    return this.#layers.get(item.id) ?? [];
  }

  evidenceOf(target: { criterion?: string; finding?: string }): readonly EvidenceItem[] {
    return this.evidence.filter((item) =>
      item.links.some((link) =>
        target.finding ? link.finding === target.finding : link.criterion === target.criterion && !link.finding,
      ),
    );
  }

  /** My own notes on a criterion, wherever they were taken, the first one first. */
  notesOf(criterion: string): readonly EntityView<'note'>[] {
    return this.view
      .ofKind('note')
      .filter((note) => note.get('criterion') === criterion && note.bornView?.heads[0]?.chain.account === this.account)
      .toSorted((one, other) => ((one.get('observed_at') ?? '') < (other.get('observed_at') ?? '') ? -1 : 1));
  }

  /** The sites, processes or shifts of the audit by their names, as the reader's language sorts them. */
  placesOf(kind: keyof Place): readonly EntityView<'process' | 'site' | 'shift'>[] {
    const order = new Intl.Collator(locale.current, { numeric: true });
    return this.view
      .ofKind(kind)
      .toSorted((one, other) => order.compare(String(one.value('name') ?? ''), String(other.value('name') ?? '')));
  }

  /** "Turning · Main works · Night": the names of a place, shortest first known. */
  nameOf(kind: 'process' | 'site' | 'shift' | 'area', id: string | null | undefined): string {
    return saidOf(this.view.entity(`${kind}/${id}`), 'name');
  }

  placeName(place: Place): string {
    return [this.nameOf('process', place.process), this.nameOf('shift', place.shift), this.nameOf('site', place.site)]
      .filter(Boolean)
      .join(' · ');
  }

  /** The place of a slot; the process is often what the slot is called, and said once is enough. */
  placeNameOf(slot: SlotView, place: Place = placeOf(slot)): string {
    const process = this.nameOf('process', place.process);
    return this.placeName(process === slot.get('title') ? { ...place, process: null } : place);
  }

  memberName(id: string | null | undefined): string {
    return saidOf(this.view.find('team_member', id), 'name');
  }

  #follow<T>(live: Live<T>, take: (value: T) => void): void {
    this.#stops.push(
      live.subscribe((value) => {
        if (value !== undefined) take(value);
      }),
    );
  }
}

let opened: { audit: OpenAudit; stop: () => void } | null = null;

/** The audit of this address; null for somebody who is not set up on this tablet. */
export function openAudit(id: string): OpenAudit | null {
  const current = session.current;
  // Without an id a screen is just being left: its address is gone before it is.
  if (!current || !id) return null;
  const known = opened?.audit;
  if (known?.id === id && known.account === current.account && known.db === current.database) return known;
  opened?.audit.close();
  opened?.stop();
  // A root of its own: what is derived in here outlives the screen that happened to open it.
  let audit!: OpenAudit;
  const stop = $effect.root(() => {
    audit = new OpenAudit(id, current.account, current.database as AuditbookDatabase);
  });
  opened = { audit, stop };
  return audit;
}
