import 'fake-indexeddb/auto';
import { describe, expect, test } from 'vitest';
import { liesUnderSeal, readRecord, refusalsBeforeClosing, sealStatement, SIGNING_STATEMENT } from '../domain/closing';
import { closingsOf } from '../domain/closings';
import { gradesOf, numberedFindings, type NumberedFinding } from '../domain/finding';
import { LogView, type Issuance } from '../domain/fold';
import { GENESIS, makeOperation, MAX_CONTENT_BYTES, sha256Of } from '../domain/operation';
import { canonicalText } from '../domain/plain-json';
import { closingRecord, isSameContent, type PlainRecord } from '../domain/record';
import { cataloguesOf } from '../domain/standard';
import type { Schemas } from '../domain/vocabulary';
import { add, del, seal as sealChange, set, undelete } from '../store/changes';
import { encode } from '../store/codec';
import { commit } from '../store/commit';
import { installationOf, type AuditbookDatabase } from '../store/database';
import { deviceKey, isSignedBy } from '../store/keys';
import {
  clauseRows,
  disputesOf,
  notSeen,
  once,
  readLog,
  readTeam,
  unfiledOf,
  watchAudits,
  watchEvidence,
} from '../store/queries';
import { keepReference } from '../store/reference';
import { noteServerClock } from '../store/server-clock';
import { ARON, AUDIT, LENA, openTablet, testLong, WORKSPACE } from '../store/testing';
import {
  addPart,
  addTeamMember,
  changeAudit,
  changePart,
  changeTeamMember,
  createAudit,
  removeTeamMember,
  type Fields,
} from './audit';
import { presentClosingRecord, recommend, sealClosingRecord, signClosingRecord, type Word } from './closing';
import { addEvidence, annotate, changeEvidence, deleteEvidence, linkEvidence, tellEvidence } from './evidence';
import { resolveDeletion, resolveDispute } from './conflict';
import {
  changeFinding,
  deleteFinding,
  gradeInStandard,
  raiseFinding,
  regradeFinding,
  takeGradeBack,
  withdrawFinding,
} from './finding';
import { judge } from './judgement';
import { takeNote } from './note';
import { issuedReports, latestReport, nextRevision, refusalsBeforeReport, sealReport, writeReport } from './report';
import type { Shape } from '../domain/annotation';
import { isRefusal, write, type Outcome, type Session } from './session';
import { undo } from './undo';

const CLAUSE = 'iso9001-2015:7.1.5.2';
const STANDARD = {
  id: 'iso9001-2015',
  standard: 'ISO 9001',
  edition: '2015',
  title: { en: 'Quality', de: 'Qualität' },
  amendments: [],
  clauses: [
    { criterion: 'iso9001-2015:7', auditable: false },
    { criterion: 'iso9001-2015:4.1', auditable: true },
    { criterion: CLAUSE, auditable: true },
  ],
};

/** What a command wrote; a refusal ends the test. */
async function done<T extends object>(outcome: Promise<Outcome<T>>): Promise<T> {
  const found = await outcome;
  if (isRefusal(found)) throw new Error(`${found.code} ${JSON.stringify(found.facts)}`);
  return found as T;
}

async function lenaAtWork(): Promise<Session> {
  const database = await openTablet(LENA);
  await keepReference(database, 'standards', [STANDARD] as never);
  return {
    account: LENA,
    name: 'Lena Weiß',
    email: 'lena@example.org',
    language: 'de',
    installation: await installationOf(database),
    workspaces: [{ id: WORKSPACE, kind: 'certification_body', name: 'Muster Cert', roles: ['lead_auditor'] }],
    database,
  };
}

async function openAudit(): Promise<{ lena: Session; audit: string; site: string; process: string }> {
  const lena = await lenaAtWork();
  const fields = {
    title: 'Surveillance',
    reference: 'A-2026-017',
    criteria: ['iso9001-2015'],
    starts_on: '2026-11-24',
  };
  const { id: audit } = await done(createAudit(lena, { workspace: WORKSPACE, type: 'surveillance', ...fields }));
  const { id: site } = await done(addPart(lena, audit, 'site', { name: 'Hall 1' }));
  const { id: process } = await done(addPart(lena, audit, 'process', { name: 'Turning' }));
  return { lena, audit, site, process };
}

const COMPLETE: Fields<'finding'> = {
  title: 'Caliper overdue',
  grade: 'minor_nonconformity',
  requirement: 'Calibrated at intervals',
  failure: 'Caliper 0815 is overdue',
  objective_evidence: 'Label says 03/2026',
  criteria: [CLAUSE],
};

const [GREEN, QUALITY] = ['iso14001-2015', 'iso9001-2015'];
const IN_TWO: Fields<'finding'> = { ...COMPLETE, criteria: [CLAUSE, `${GREEN}:9.1.1`] };

/** In 14001 and in 9001. */
async function gradesNow(lena: Session, audit: string) {
  const view = await readLog(lena.database, audit);
  return gradesOf(view, view.ofKind('finding')[0]!);
}

const word = (party: Word['party'], outcome: Word['outcome'] = 'signed'): Word => ({
  party,
  outcome,
  name: 'R. Kestrel',
  function: 'Managing director',
  statement: SIGNING_STATEMENT,
  strokes: outcome === 'signed' ? [{ points: [[0, 0, 0]] }] : null,
});

const SUMMARY: Fields<'audit'> = {
  executive_summary: 'Good',
  conformity: 'Yes',
  effectiveness: 'Yes',
  internal_audit_and_review: 'Yes',
  is_scope_appropriate: true,
  are_objectives_met: false,
};

async function sealWithBothWords(lena: Session, audit: string, closingRecord: string): Promise<void> {
  await done(signClosingRecord(lena, audit, closingRecord, word('audit_team_leader')));
  await done(signClosingRecord(lena, audit, closingRecord, word('auditee_representative', 'absent')));
  await done(sealClosingRecord(lena, audit, closingRecord));
}

describe('an audit', () => {
  test('is created offline with whoever creates it as audit team leader, its birth first', async () => {
    const { lena, audit } = await openAudit();
    const view = await readLog(lena.database, audit);
    expect(view.find('audit', audit)!.get('type')).toBe('surveillance');
    const [leader] = view.ofKind('team_member');
    expect([leader!.get('account'), leader!.get('role')]).toEqual([LENA, 'audit_team_leader']);
    const first = await lena.database.operations.where('[chain+dseq]').between(['', 0], ['\uffff', 9]).first();
    expect([first!.dseq, first!.ent]).toEqual([1, `audit/${audit}`]);
  });

  test('is not created by a reader', async () => {
    const lena = await lenaAtWork();
    const reader = { ...lena, workspaces: [{ ...lena.workspaces[0]!, roles: ['reader' as const] }] };
    const refusal = await createAudit(reader, { workspace: WORKSPACE, type: 'internal' });
    expect(refusal).toMatchObject({ code: 'account.not_permitted' });
    expect(await lena.database.operations.count()).toBe(0);
  });
});

describe('the team', () => {
  /** Begun in Lena's name, without an entry of hers: as the office does, or as her entry was removed by mistake. */
  async function begunWithoutEntry(): Promise<{ lena: Session; audit: string }> {
    const lena = await lenaAtWork();
    await commit(lena.database, AUDIT, [add('audit', AUDIT, { workspace: WORKSPACE, type: 'surveillance' })]);
    return { lena, audit: AUDIT };
  }

  test('whoever began the audit leads it without an entry in the team', async () => {
    const { lena, audit } = await begunWithoutEntry();
    await done(changeAudit(lena, audit, { title: 'Surveillance' }));
    await done(addPart(lena, audit, 'attendance', { name: 'Ruth Kestrel' }));
    expect((await readTeam(lena.database, audit)).get(LENA)).toBe('audit_team_leader');
    expect(await once(watchAudits(lena.database))).toMatchObject([{ teamRole: 'audit_team_leader' }]);
  });

  test('the first judgement enters her, so that the record can say who judged', async () => {
    const { lena, audit } = await begunWithoutEntry();
    const { id } = await done(judge(lena, audit, { criterion: CLAUSE }, 'conforms'));
    expect(id).toBe(`${CLAUSE}~-~-~-~${LENA}`);
    await done(judge(lena, audit, { criterion: CLAUSE }, 'not_planned'));
    const view = await readLog(lena.database, audit);
    expect(view.ofKind('judgement')).toHaveLength(1);
    expect(view.ofKind('team_member').map((member) => [member.get('name'), member.get('role')])).toEqual([
      ['Lena Weiß', 'audit_team_leader'],
    ]);
    expect(view.find('judgement', id)!.get('result')).toBe('not_planned');
  });

  test('whoever raises a finding or closes the meeting is in the team', async () => {
    const { lena, audit } = await begunWithoutEntry();
    const { id } = await done(raiseFinding(lena, audit, { ...COMPLETE, title: 'Door open' }));
    expect((await readLog(lena.database, audit)).find('finding', id)!.get('raised_by')).toBe(LENA);
    await done(removeTeamMember(lena, audit, LENA));
    await done(changeAudit(lena, audit, { criteria: [] }));
    const { record } = await done(presentClosingRecord(lena, audit));
    expect(record['team']).toMatchObject([{ account: lena.account, name: 'Lena Weiß', role: 'audit_team_leader' }]);
  });

  test('an entry says what she is from then on, also that she leads no more', async () => {
    const { lena, audit } = await begunWithoutEntry();
    await done(addTeamMember(lena, audit, { account: LENA, name: 'Lena Weiß', role: 'observer' }));
    expect(await changeAudit(lena, audit, { title: 'x' })).toMatchObject({ code: 'operation.not_permitted' });
    expect(await judge(lena, audit, { criterion: CLAUSE }, 'conforms')).toMatchObject({
      code: 'operation.not_permitted',
    });
  });

  test('nobody leads by anything but the birth of the audit', async () => {
    const { lena, audit } = await begunWithoutEntry();
    const aron = { ...lena, account: ARON, name: 'Aron' };
    expect(await raiseFinding(aron, audit)).toMatchObject({ code: 'operation.not_permitted' });
    expect(await judge(aron, audit, { criterion: CLAUSE }, 'conforms')).toMatchObject({
      code: 'operation.not_permitted',
    });
    expect((await readLog(lena.database, audit)).ofKind('team_member')).toEqual([]);
  });

  test('of two entries for one account the higher role counts, as on the server', async () => {
    const { lena, audit } = await begunWithoutEntry();
    await commit(lena.database, audit, [
      add('team_member', 'a', { account: LENA }),
      set('team_member', 'a', 'role', 'observer'),
      add('team_member', 'b', { account: LENA }),
      set('team_member', 'b', 'role', 'audit_team_leader'),
    ]);
    await done(changeAudit(lena, audit, { title: 'Surveillance' }));
  });

  test('settle nothing in a judgement of somebody else, unless one leads', async () => {
    const { lena, audit } = await openAudit();
    await done(addTeamMember(lena, audit, { account: ARON, name: 'Aron', role: 'auditor' }));
    const aron = { ...lena, account: ARON, name: 'Aron' };
    const { id } = await done(judge(lena, audit, { criterion: CLAUSE }, 'conforms'));
    const refused = { code: 'operation.in_anothers_name' };
    expect(await resolveDispute(aron, audit, `judgement/${id}`, 'result', 'not_planned')).toMatchObject(refused);
    const his = await done(judge(aron, audit, { criterion: CLAUSE }, 'conforms'));
    await done(resolveDispute(lena, audit, `judgement/${his.id}`, 'result', 'not_planned'));
    const again = write(lena, audit, [set('judgement', his.id, 'result', 'conforms')]);
    expect(await again).toMatchObject(refused);
  });

  test('somebody who left the team and comes back is the same member', async () => {
    const { lena, audit } = await openAudit();
    const one = await done(addTeamMember(lena, audit, { account: ARON, name: 'Aron', role: 'auditor' }));
    await done(removeTeamMember(lena, audit, one.id));
    const two = await done(addTeamMember(lena, audit, { account: ARON, name: 'Aron', role: 'observer' }));
    expect(two.id).toBe(one.id);
    const view = await readLog(lena.database, audit);
    expect(view.find('team_member', ARON)!.get('role')).toBe('observer');
    expect(view.ofKind('team_member')).toHaveLength(2);
    expect(disputesOf(view)).toEqual([]);
  });
});

describe('what the server would set aside is not made', () => {
  test.each([
    ['a day that does not exist', { starts_on: '2026-02-30' }],
    ['half a year', { ends_on: '0026-11-24' }],
    ['a language in capitals', { language: 'DE' }],
  ] as const)('%s', async (_, fields) => {
    const { lena, audit } = await openAudit();
    const before = await lena.database.operations.count();
    expect(await changeAudit(lena, audit, fields)).toMatchObject({ code: 'operation.value_unfit' });
    const created = await createAudit(lena, { workspace: WORKSPACE, type: 'surveillance', ...fields });
    expect(created).toMatchObject({ code: 'operation.value_unfit' });
    expect(await lena.database.operations.count()).toBe(before);
  });

  test('a recommendation for what is no standard', async () => {
    const { lena, audit } = await openAudit();
    expect(await recommend(lena, audit, 'ISO 9001', 'recommended')).toMatchObject({ code: 'operation.value_unfit' });
  });

  test('a media type is put into its one spelling', async () => {
    const { lena, audit } = await openAudit();
    const content = new Blob([new Uint8Array([1])], { type: 'image/JPEG' });
    const { id } = await done(addEvidence(lena, audit, { content, mediaType: 'image/JPEG', source: 'file' }));
    expect((await readLog(lena.database, audit)).find('evidence', id)!.get('media_type')).toBe('image/jpeg');
  });
});

describe('on the floor', () => {
  test('one tap judges a clause, a second one changes the same judgement', async () => {
    const { lena, audit, site } = await openAudit();
    const one = await done(judge(lena, audit, { criterion: CLAUSE, site }, 'conforms'));
    const two = await done(judge(lena, audit, { criterion: CLAUSE, site }, 'not_planned', 'Line stood still'));
    expect(two.id).toBe(one.id);
    const view = await readLog(lena.database, audit);
    expect(clauseRows(view, [STANDARD] as never)).toMatchObject([
      { result: 'not_seen' },
      { result: 'not_planned', judgements: 1 },
    ]);
    expect(notSeen(view, ['iso9001-2015:4.1', CLAUSE], { site })).toEqual(['iso9001-2015:4.1']);
    await undo(lena, two);
    expect(clauseRows(await readLog(lena.database, audit), [STANDARD] as never)[1]!.result).toBe('conforms');
  });

  test('a nonconformity without evidence is captured, and cannot be shown for signature', async () => {
    const { lena, audit } = await openAudit();
    const { id } = await done(raiseFinding(lena, audit, { ...COMPLETE, objective_evidence: '' }));
    await done(recommend(lena, audit, 'iso9001-2015', 'recommended'));
    expect(await presentClosingRecord(lena, audit)).toMatchObject({
      code: 'closing.nonconformity_incomplete',
      facts: { number: '01', missing: 'objective_evidence' },
    });
    await done(changeFinding(lena, audit, id, { objective_evidence: 'Label' }));
    expect(isRefusal(await presentClosingRecord(lena, audit))).toBe(false);
  });

  test('a finding is regraded and withdrawn only with a reason', async () => {
    const { lena, audit } = await openAudit();
    const { id } = await done(raiseFinding(lena, audit, COMPLETE));
    expect(await regradeFinding(lena, audit, id, 'major_nonconformity', ' ')).toMatchObject({
      code: 'operation.reason_missing',
    });
    expect(await withdrawFinding(lena, audit, id, '')).toMatchObject({ code: 'operation.reason_missing' });
    const { operations } = await done(regradeFinding(lena, audit, id, 'major_nonconformity', 'Third time'));
    expect(operations.map((operation) => operation.fld)).toEqual(['grade', 'grade_reason']);
  });

  test('a minor is a major in one of its standards only with a reason, and undo takes that back', async () => {
    const { lena, audit } = await openAudit();
    const { id } = await done(raiseFinding(lena, audit, IN_TWO));
    expect(await gradeInStandard(lena, audit, id, GREEN, 'major_nonconformity', ' ')).toMatchObject({
      code: 'operation.reason_missing',
    });
    const given = await done(gradeInStandard(lena, audit, id, GREEN, 'major_nonconformity', 'It reached the drain'));
    expect(given.operations.map(({ fld, ent }) => [fld, ent])).toEqual([
      ['born', `finding_grade/${id}~${GREEN}`],
      ['grade', `finding_grade/${id}~${GREEN}`],
      ['grade_reason', `finding_grade/${id}~${GREEN}`],
    ]);
    expect(await gradesNow(lena, audit)).toEqual(['major_nonconformity', 'minor_nonconformity']);
    const undone = await done(undo(lena, given));
    expect(await gradesNow(lena, audit)).toEqual(['minor_nonconformity', 'minor_nonconformity']);
    await done(undo(lena, undone));
    expect(await gradesNow(lena, audit)).toEqual(['major_nonconformity', 'minor_nonconformity']);
    const back = await done(takeGradeBack(lena, audit, id, GREEN));
    expect(await gradesNow(lena, audit)).toEqual(['minor_nonconformity', 'minor_nonconformity']);
    await done(undo(lena, back));
    expect(await gradesNow(lena, audit)).toEqual(['major_nonconformity', 'minor_nonconformity']);
  });

  test('a grade that was undone can be given again', async () => {
    const { lena, audit } = await openAudit();
    const { id } = await done(raiseFinding(lena, audit, IN_TWO));
    await done(undo(lena, await done(gradeInStandard(lena, audit, id, GREEN, 'positive', 'Meant another'))));
    await done(gradeInStandard(lena, audit, id, GREEN, 'major_nonconformity', 'It reached the drain'));
    expect(await gradesNow(lena, audit)).toEqual(['major_nonconformity', 'minor_nonconformity']);
  });

  test('a finding goes with its grades, and comes back with them', async () => {
    const { lena, audit } = await openAudit();
    const { id } = await done(raiseFinding(lena, audit, IN_TWO));
    await done(gradeInStandard(lena, audit, id, GREEN, 'major_nonconformity', 'It reached the drain'));
    const deleted = await done(deleteFinding(lena, audit, id));
    expect((await readLog(lena.database, audit)).ofKind('finding_grade')).toEqual([]);
    await done(undo(lena, deleted));
    expect(await gradesNow(lena, audit)).toEqual(['major_nonconformity', 'minor_nonconformity']);
  });

  test('a finding that was graded in a standard while somebody deleted it is not lost unasked', async () => {
    const { lena, audit } = await openAudit();
    const { id } = await done(raiseFinding(lena, audit, IN_TWO));
    await done(gradeInStandard(lena, audit, id, QUALITY, 'positive', 'In order there'));
    await done(deleteFinding(lena, audit, id));
    // As another tablet wrote it that did not know of the deletion.
    const grade = `${id}~${GREEN}`;
    const born = { finding: id, standard: GREEN };
    await commit(lena.database, audit, [
      add('finding_grade', grade, born),
      set('finding_grade', grade, 'grade', 'major_nonconformity'),
    ]);
    const [dispute, ...others] = disputesOf(await readLog(lena.database, audit));
    expect(others).toEqual([]);
    expect(dispute).toMatchObject({ ref: `finding/${id}`, field: 'deleted', isSealed: true });
    expect(dispute!.values).toMatchObject([{ value: true }, { value: 'major_nonconformity' }]);
    const kept = await done(resolveDeletion(lena, audit, `finding/${id}`, true));
    expect(disputesOf(await readLog(lena.database, audit))).toEqual([]);
    expect(await gradesNow(lena, audit)).toEqual(['major_nonconformity', 'positive']);
    expect(isRefusal(kept)).toBe(false);
    await done(deleteFinding(lena, audit, id));
    await commit(lena.database, audit, [undelete('finding_grade', grade)]);
    await done(resolveDeletion(lena, audit, `finding/${id}`, false));
    const view = await readLog(lena.database, audit);
    expect([disputesOf(view), view.ofKind('finding'), view.ofKind('finding_grade')]).toEqual([[], [], []]);
  });

  test('a text that is too long stays on the screen', async () => {
    const { lena, audit } = await openAudit();
    const { id } = await done(raiseFinding(lena, audit, COMPLETE));
    const before = await lena.database.operations.count();
    const refusal = await changeFinding(lena, audit, id, { title: 'x'.repeat(301) });
    expect(refusal).toMatchObject({ code: 'operation.value_unfit', facts: { field: 'title' } });
    expect(await lena.database.operations.count()).toBe(before);
  });

  test('a technical expert notes and photographs, and never grades', async () => {
    const { lena, audit } = await openAudit();
    const [self] = (await readLog(lena.database, audit)).ofKind('team_member');
    await done(changeTeamMember(lena, audit, self!.id, { role: 'technical_expert' }));
    expect(isRefusal(await takeNote(lena, audit, { text: 'Seen' }))).toBe(false);
    expect(await raiseFinding(lena, audit, COMPLETE)).toMatchObject({ code: 'operation.not_permitted' });
    expect(await judge(lena, audit, { criterion: CLAUSE }, 'conforms')).toMatchObject({
      code: 'operation.not_permitted',
    });
  });
});

describe('a photo', () => {
  const photo = (): ArrayBuffer => Uint8Array.from({ length: 700_000 }, (_, index) => index % 251).buffer;

  testLong('is kept with its bytes, its hash and its link in one step', async () => {
    const { lena, audit } = await openAudit();
    const { id: finding } = await done(raiseFinding(lena, audit, COMPLETE));
    const before = await lena.database.logs.get(audit);
    const added = await done(
      addEvidence(lena, audit, {
        content: new Blob([photo()], { type: 'image/jpeg' }),
        source: 'camera_still',
        finding,
      }),
    );
    expect(added.sha256).toBe(sha256Of(new Uint8Array(photo())));
    expect((await lena.database.logs.get(audit))!.rev).toBe(before!.rev + 1);
    expect(await lena.database.evidence_bytes.count()).toBe(2);
    const view = await readLog(lena.database, audit);
    expect(view.ofKind('evidence')[0]!.born).toMatchObject({ kind: 'photo', size: 700_000, source: 'camera_still' });
    expect(view.ofKind('evidence_link')[0]!.born).toMatchObject({ evidence: added.id, finding });
    expect(await added.pictures).toBe(false);
  });

  test('is drawn on without changing it, and what somebody else drew meanwhile stays', async () => {
    const { lena, audit } = await openAudit();
    const { id } = await done(addEvidence(lena, audit, { content: photo(), mediaType: 'image/jpeg', source: 'file' }));
    const label = (text: string): Shape => ({ kind: 'text', colour: 'red', points: [[100, 400]], text });
    const drawn = async () => (await readLog(lena.database, audit)).find('evidence', id)!.get('annotation');
    const first = await done(annotate(lena, audit, id, [], [label('1')]));
    await done(annotate(lena, audit, id, [], [label('2')]));
    expect(await drawn()).toEqual([label('1'), label('2')]);
    await done(annotate(lena, audit, id, [label('1'), label('2')], [label('2')]));
    expect(await drawn()).toEqual([label('2')]);
    await done(undo(lena, first));
    expect(await drawn()).toEqual([]);
    const tooMuch = Array.from({ length: 61 }, (_, number) => label(String(number)));
    expect(await annotate(lena, audit, id, [], tooMuch)).toMatchObject({ code: 'operation.value_unfit' });
  });

  test('waits unfiled until it is linked, and linking twice changes nothing', async () => {
    const { lena, audit } = await openAudit();
    const { id } = await done(
      addEvidence(lena, audit, { content: photo(), mediaType: 'image/jpeg', source: 'camera_frame' }),
    );
    expect(unfiledOf(await readLog(lena.database, audit)).evidence.map((item) => item.id)).toEqual([id]);
    const one = await done(linkEvidence(lena, audit, id, { criterion: CLAUSE }));
    const two = await done(linkEvidence(lena, audit, id, { criterion: CLAUSE }));
    expect([two.id, two.operations.length]).toEqual([one.id, 0]);
    expect(unfiledOf(await readLog(lena.database, audit)).evidence).toEqual([]);
    await done(deleteEvidence(lena, audit, id));
    expect((await readLog(lena.database, audit)).ofKind('evidence_link')).toEqual([]);
  });

  test('that is HEIC is a photo, although the browser gives it no type', async () => {
    const { lena, audit } = await openAudit();
    const heic = new TextEncoder().encode('\0\0\0\x18ftypheic\0\0\0\0mif1heic and then the picture');
    const video = new TextEncoder().encode('\0\0\0\x18ftypisom\0\0\0\0 and then the video');
    for (const [content, told] of [
      [heic, { kind: 'photo', media_type: 'image/heic' }],
      [video, { kind: 'file', media_type: 'application/octet-stream' }],
      [new TextEncoder().encode('x'), { kind: 'file', media_type: 'application/octet-stream' }],
    ] as const) {
      const given = { content: new Blob([content]), source: 'file', allowed_by: 'Head of quality' } as const;
      const { id } = await done(addEvidence(lena, audit, given));
      expect((await readLog(lena.database, audit)).find('evidence', id)!.born).toMatchObject(told);
    }
  });

  test('that would be a copy of a document is kept only with a yes of the client, which stands in the log', async () => {
    const { lena, audit } = await openAudit();
    const copy = {
      content: new TextEncoder().encode('%PDF-1.7').buffer,
      mediaType: 'application/pdf',
      source: 'file',
    } as const;
    expect(await addEvidence(lena, audit, copy)).toMatchObject({ code: 'evidence.copy_not_allowed' });
    expect(await addEvidence(lena, audit, { ...copy, allowed_by: ' ' })).toMatchObject({
      code: 'evidence.copy_not_allowed',
    });
    const { id } = await done(addEvidence(lena, audit, { ...copy, allowed_by: 'Ruth Kestrel' }));
    expect((await readLog(lena.database, audit)).find('evidence', id)!.get('allowed_by')).toBe('Ruth Kestrel');
  });

  test('is no photo where the area forbids photos, and where it asks somebody has said yes', async () => {
    const { lena, audit } = await openAudit();
    const { id: area } = await done(addPart(lena, audit, 'area', { name: 'Paint shop', photo_policy: 'forbidden' }));
    const shot = { content: photo(), mediaType: 'image/jpeg', source: 'camera_still', area } as const;
    expect(await addEvidence(lena, audit, shot)).toMatchObject({ code: 'evidence.photo_forbidden' });
    await done(changePart(lena, audit, 'area', area, { photo_policy: 'ask' }));
    expect(await addEvidence(lena, audit, shot)).toMatchObject({ code: 'evidence.photo_not_allowed' });
    const { id } = await done(addEvidence(lena, audit, { ...shot, allowed_by: 'Shift supervisor' }));
    const kept = (await readLog(lena.database, audit)).find('evidence', id)!;
    expect([kept.get('area'), kept.get('allowed_by')]).toEqual([area, 'Shift supervisor']);
    await done(changePart(lena, audit, 'area', area, { photo_policy: 'allowed' }));
    await done(addEvidence(lena, audit, { ...shot, content: photo() }));
  });

  test('says how far the clock was off when a server was last asked, and nothing where none ever was', async () => {
    const { lena, audit } = await openAudit();
    const shot = () => ({ content: photo(), mediaType: 'image/jpeg', source: 'camera_still' }) as const;
    const { id: before } = await done(addEvidence(lena, audit, shot()));
    const server = Date.parse('2026-11-24T06:00:00.000Z');
    await noteServerClock(lena.database, server, server - 184_000.4);
    const { id } = await done(addEvidence(lena, audit, shot()));
    const { id: told } = await done(tellEvidence(lena, audit, { kind: 'observation', caption: 'No drip tray' }));
    const log = await readLog(lena.database, audit);
    const clock = { skew: 184_000, compared_at: '2026-11-24T06:00:00.000Z' };
    expect([before, id, told].map((one) => log.find('evidence', one)!.get('clock'))).toEqual([undefined, clock, clock]);
  });

  test('says where it was recorded only in an audit that wants that', async () => {
    const { lena, audit } = await openAudit();
    const position = {
      latitude: 482_082_000,
      longitude: 163_700_000,
      accuracy: 8,
      measured_at: '2026-11-24T09:41:07.250Z',
    };
    const keep = async () => {
      const shot = { content: photo(), mediaType: 'image/jpeg', source: 'camera_still', position } as const;
      const { id } = await done(addEvidence(lena, audit, shot));
      const told = { kind: 'observation', caption: 'No drip tray', position } as const;
      const { id: other } = await done(tellEvidence(lena, audit, told));
      const log = await readLog(lena.database, audit);
      return [id, other].map((one) => log.find('evidence', one)!.get('position'));
    };
    expect(await keep()).toEqual([undefined, undefined]);
    for (const positions of ['kept', 'in_report'] as const) {
      const change = await done(changeAudit(lena, audit, { positions }));
      expect(await keep()).toEqual([position, position]);
      await done(undo(lena, change));
    }
    expect(await keep()).toEqual([undefined, undefined]);
  });

  test('that shows another again bears out what that one does, and says of which it is the sequel', async () => {
    const { lena, audit } = await openAudit();
    const shot = (more: object) =>
      ({ content: photo(), mediaType: 'image/jpeg', source: 'camera_still', ...more }) as const;
    const { id: before } = await done(addEvidence(lena, audit, shot({ criterion: 'iso9001-2015:7.1.5' })));
    await done(linkEvidence(lena, audit, before, { criterion: 'iso9001-2015:8.5.1' }));
    const { id: after } = await done(addEvidence(lena, audit, shot({ retakes: before })));
    const log = await readLog(lena.database, audit);
    const criteria = (id: string) =>
      log.ofKind('evidence_link').flatMap((link) => (link.get('evidence') === id ? [link.get('criterion')] : []));
    expect(criteria(after)).toEqual(['iso9001-2015:7.1.5', 'iso9001-2015:8.5.1']);
    expect(log.find('evidence', after)!.get('retakes')).toBe(before);
  });

  test('in an area of which nobody has said anything has to be asked for', async () => {
    const { lena, audit } = await openAudit();
    const { id: area } = await done(addPart(lena, audit, 'area', { name: 'Laboratory' }));
    const shot = { content: photo(), mediaType: 'image/jpeg', source: 'camera_still', area } as const;
    expect(await addEvidence(lena, audit, shot)).toMatchObject({ code: 'evidence.photo_not_allowed' });
  });

  test('told in words has no file, waits for no upload, and serves a finding and several clauses at once', async () => {
    const { lena, audit } = await openAudit();
    const { id: finding } = await done(raiseFinding(lena, audit, COMPLETE));
    const { id } = await done(
      tellEvidence(lena, audit, {
        kind: 'record',
        title: 'Calibration record',
        samples: ['M-101', 'M-114'],
        population: '46 gauges of the list',
        observed_at: '2026-11-24T03:30:00.000Z',
        finding,
        criteria: [CLAUSE, 'iso9001-2015:7.5.3.2'],
      }),
    );
    const view = await readLog(lena.database, audit);
    const record = view.find('evidence', id)!;
    expect(record.born).toMatchObject({ kind: 'record', sha256: null, size: null, media_type: null, source: null });
    expect([record.get('samples'), record.get('observed_at')]).toEqual([
      ['M-101', 'M-114'],
      '2026-11-24T03:30:00.000Z',
    ]);
    const links = view.ofKind('evidence_link').filter((link) => link.get('evidence') === id);
    expect(links.map((link) => link.get('finding') ?? link.get('criterion')).toSorted()).toEqual(
      [finding, CLAUSE, 'iso9001-2015:7.5.3.2'].toSorted(),
    );
    expect(await lena.database.uploads.count()).toBe(0);
    const [shown] = (await once(watchEvidence(lena.database, audit)))!;
    expect([shown!.bytes, shown!.sha256]).toEqual(['none', '']);
  });

  test('told in words is mended, and each change is taken back with one tap', async () => {
    const { lena, audit } = await openAudit();
    const { id } = await done(tellEvidence(lena, audit, { kind: 'observation', caption: 'Two gauges lack a label' }));
    const { id: area } = await done(addPart(lena, audit, 'area', { name: 'Stores' }));
    const changes: [Parameters<typeof changeEvidence>[3], unknown][] = [
      [{ area }, null],
      [{ method: 'interview' }, null],
      [{ observed_at: '2026-11-24T03:30:00.000Z' }, null],
      [{ title: 'Gauges' }, ''],
      [{ identifier: 'QM-07' }, ''],
      [{ revision: '4' }, ''],
      [{ found_in: 'DMS' }, ''],
      [{ interviewee: 'Storekeeper' }, ''],
      [{ samples: ['M-101'] }, []],
      [{ population: '46 gauges' }, ''],
      [{ allowed_by: 'Ruth Kestrel' }, ''],
    ];
    for (const [change, was] of changes) {
      await done(undo(lena, await done(changeEvidence(lena, audit, id, change))));
      const kept = (await readLog(lena.database, audit)).find('evidence', id)!;
      expect([change, Object.keys(change).map((name) => kept.value(name))]).toEqual([change, [was]]);
    }
    await done(undo(lena, await done(changePart(lena, audit, 'area', area, { photo_policy: 'forbidden' }))));
    expect((await readLog(lena.database, audit)).find('area', area)!.get('photo_policy')).toBe('ask');
  });

  test.each([
    [{ kind: 'document', revision: '4' }, 'title'],
    [{ kind: 'record', title: 'Calibration record' }, 'samples'],
    [{ kind: 'interview', caption: 'Sends it back.' }, 'interviewee'],
    [{ kind: 'interview', interviewee: 'Machine operator' }, 'caption'],
    [{ kind: 'observation', caption: '  ' }, 'caption'],
  ] as const)('that nobody else could verify is not kept: %o', async (told, lacking) => {
    const { lena, audit } = await openAudit();
    expect(await tellEvidence(lena, audit, told)).toMatchObject({
      code: 'evidence.says_too_little',
      facts: { lacking },
    });
  });

  test('that comes empty from the camera is not taken for one', async () => {
    const { lena, audit } = await openAudit();
    const refusal = await addEvidence(lena, audit, { content: new Blob([]), source: 'system_camera' });
    expect(refusal).toMatchObject({ code: 'evidence.empty' });
  });

  test('outlives the finding that it was linked to, and waits unfiled again', async () => {
    const { lena, audit } = await openAudit();
    const { id: finding } = await done(raiseFinding(lena, audit, COMPLETE));
    const { id } = await done(
      addEvidence(lena, audit, { content: photo(), mediaType: 'image/jpeg', source: 'file', finding }),
    );
    const deleted = await done(deleteFinding(lena, audit, finding));
    expect(unfiledOf(await readLog(lena.database, audit)).evidence.map((item) => item.id)).toEqual([id]);
    await done(undo(lena, deleted));
    expect(unfiledOf(await readLog(lena.database, audit)).evidence).toEqual([]);
  });
});

async function presented() {
  const { lena, audit } = await openAudit();
  await done(raiseFinding(lena, audit, COMPLETE));
  await done(recommend(lena, audit, 'iso9001-2015', 'recommended_after_closure'));
  await done(addPart(lena, audit, 'attendance', { name: 'R. Kestrel', at_closing: true }));
  return { lena, audit, shown: await done(presentClosingRecord(lena, audit)) };
}

/** The same log with one more word of the server: that it issued a report from the record under this seal. */
function withIssued(view: LogView, seal: string, revision: number, sha256: string): LogView {
  const file = { state: 'draft', pdf_sha256: sha256, pages: 12, by: LENA, at: '2026-11-27T09:00:00.000Z' };
  const issued = new Map([...view.issued, [seal, [{ revision, sha256, ...file }]]]);
  return new LogView(view.entities, view.quarantined, view.erased, issued);
}

/** The server's word that a report was issued, as it comes down to a tablet. */
async function hearIssued(db: AuditbookDatabase, audit: string, seal: string, val: Issuance): Promise<void> {
  const { digest, data, ent } = makeOperation({
    chain: { installation: ARON, account: 'server', audit },
    dseq: 1,
    prev: GENESIS,
    wall: 1,
    start: 'A'.repeat(11),
    mono: 0,
    hlc: '000000000000001-00000000',
    seen: { epoch: null, seq: 0 },
    ent: `operation/${seal}`,
    fld: 'issuance',
    bases: [],
    kind: 'issuance',
    val: { ...val } as never,
    ctx: { app: '0.1.0', schema: 1, zone: 'UTC' },
    salt: 'A'.repeat(22),
  });
  await db.operations.put({ audit, digest, ent, origin: 'server', seq: 1, received_at: 1, body: encode(data) });
}

describe('the closing meeting', () => {
  test('says what is missing in one list', async () => {
    const { lena, audit } = await openAudit();
    await done(raiseFinding(lena, audit));
    const refusals = refusalsBeforeClosing(await readLog(lena.database, audit), audit);
    expect(refusals.map((refusal) => refusal.code)).toEqual([
      'closing.grade_missing',
      'closing.recommendation_missing',
    ]);
  });

  test('shows a record whose hash is over its canonical text, and the same one as long as nothing changes', async () => {
    const { lena, audit, shown } = await presented();
    const entity = (await readLog(lena.database, audit)).find('closing_record', shown.id)!;
    expect(sha256Of(entity.get('record')!)).toBe(shown.sha256);
    expect(canonicalText(readRecord(entity))).toBe(entity.get('record'));
    expect(await done(presentClosingRecord(lena, audit))).toMatchObject({ id: shown.id, operations: [] });
    // It names the chain as it stood before the record itself.
    expect(shown.record['heads']).toMatchObject([{ account: LENA, dseq: shown.operations[0]!.dseq - 1 }]);
  });

  test('that is too large for one operation is told before anything is written', async () => {
    const { lena, audit } = await presented();
    const before = await lena.database.operations.count();
    const born = { record: 'ß'.repeat(MAX_CONTENT_BYTES / 2), sha256: '0'.repeat(64) };
    const refused = await write(lena, audit, [add('closing_record', 'c1', born)]);
    expect(refused).toMatchObject({ code: 'envelope.too_large', facts: { limit: MAX_CONTENT_BYTES } });
    expect(await lena.database.operations.count()).toBe(before);
  });

  test('is sealed with both words, and the hash in the seal is that of the record', async () => {
    const { lena, audit, shown } = await presented();
    expect(await sealClosingRecord(lena, audit, shown.id)).toMatchObject({ code: 'closing.signature_missing' });
    await done(signClosingRecord(lena, audit, shown.id, word('audit_team_leader')));
    await done(signClosingRecord(lena, audit, shown.id, word('auditee_representative', 'declined')));
    await done(sealClosingRecord(lena, audit, shown.id));
    const view = await readLog(lena.database, audit);
    const seal = view.find('closing_record', shown.id)!.get('seal') as Schemas['Seal'];
    expect(seal.sha256).toBe(shown.sha256);
    const words = view.ofKind('handwritten_signature');
    expect(seal).toMatchObject({ purpose: 'closing', audit, sha256: shown.sha256 });
    // The operations, and not what they say: an erased handwriting could be guessed from an unsalted hash.
    expect(seal.signatures).toEqual(words.map((given) => given.bornView!.heads[0]!.digest));
    expect(seal.signatures).not.toContain(sha256Of(canonicalText(words[0]!.born)));
    const key = await deviceKey(lena.database, seal.installation);
    expect(seal.public_key).toBe(key!.public_key);
    expect(await isSignedBy(sealStatement({ ...seal }), seal.device_signature!, key!.public_key)).toBe(true);
    const first = { supersedes: null, reason: null, catalogues: cataloguesOf(['iso9001-2015'], [STANDARD] as never) };
    expect(shown.record['catalogues']).toEqual(first.catalogues);
    expect(isSameContent(closingRecord(view, audit, first), shown.record)).toBe(true);
    expect(await presentClosingRecord(lena, audit)).toMatchObject({ code: 'closing.sealed_already' });
    expect(await sealClosingRecord(lena, audit, shown.id)).toMatchObject({ code: 'closing.sealed_already' });
  });

  test('is signed and sealed although somebody has put a seal under it that does not fit', async () => {
    const { lena, audit, shown } = await presented();
    const fits = { purpose: 'closing' as const, audit, sha256: '0'.repeat(64), signatures: [], supersedes: null };
    const said = {
      sealed_at: '2026-11-26T15:40:00.000Z',
      installation: await installationOf(lena.database),
      account: lena.account,
    };
    await done(
      write(lena, audit, [
        sealChange('closing_record', shown.id, { ...fits, ...said, public_key: null, device_signature: null }),
      ]),
    );
    expect(liesUnderSeal(await readLog(lena.database, audit), `closing_record/${shown.id}`)).toBe(false);
    await sealWithBothWords(lena, audit, shown.id);
    expect(closingsOf(await readLog(lena.database, audit)).counting?.record.id).toBe(shown.id);
    expect(await sealClosingRecord(lena, audit, shown.id)).toMatchObject({ code: 'closing.sealed_already' });
  });

  test('that is sealed can be replaced, with a reason and with both words anew', async () => {
    const { lena, audit, shown } = await presented();
    await sealWithBothWords(lena, audit, shown.id);
    expect(await presentClosingRecord(lena, audit)).toMatchObject({ code: 'closing.sealed_already' });
    expect(await presentClosingRecord(lena, audit, '  ')).toMatchObject({ code: 'closing.reason_missing' });
    const early = { title: 'Came late', raised_at: '2026-11-01T08:00:00.000Z' };
    await done(raiseFinding(lena, audit, { ...COMPLETE, ...early } as never));
    const forgotten = await presentClosingRecord(lena, audit, 'A finding was forgotten ');
    expect(forgotten).toMatchObject({ code: 'closing.recommendation_outdated', facts: { findings: '02' } });
    await done(recommend(lena, audit, QUALITY, 'recommended_after_closure'));
    const again = await done(presentClosingRecord(lena, audit, 'A finding was forgotten '));
    const terms = { supersedes: shown.sha256, reason: 'A finding was forgotten' };
    expect(again.record).toMatchObject({
      ...terms,
      findings: [{ number: '01', title: COMPLETE.title }, { number: '02' }],
    });
    expect((await done(presentClosingRecord(lena, audit, 'A finding was forgotten'))).id).toBe(again.id);
    expect(await sealClosingRecord(lena, audit, again.id)).toMatchObject({ code: 'closing.signature_missing' });
    const before = closingsOf(await readLog(lena.database, audit));
    expect(before.counting!.record.id).toBe(shown.id);
    await sealWithBothWords(lena, audit, again.id);
    const { counted, counting } = closingsOf(await readLog(lena.database, audit));
    expect(counted.map(({ record }) => record.id)).toEqual([shown.id, again.id]);
    expect(counting!.seal).toMatchObject({ sha256: again.sha256, supersedes: shown.sha256 });
    expect(counting!.seal.signatures).toHaveLength(2);
  });

  testLong('what lies under a seal is taken back by nobody', async () => {
    const { lena, audit, shown } = await presented();
    await done(signClosingRecord(lena, audit, shown.id, word('audit_team_leader')));
    const last = await done(signClosingRecord(lena, audit, shown.id, word('auditee_representative')));
    await done(sealClosingRecord(lena, audit, shown.id));
    await done(writeReport(lena, audit, SUMMARY));
    const report = await done(sealReport(lena, audit));
    const refused = { code: 'operation.under_seal' };
    expect(await undo(lena, last)).toMatchObject(refused);
    expect(await undo(lena, shown)).toMatchObject(refused);
    expect(await write(lena, audit, [del('handwritten_signature', last.id)])).toMatchObject(refused);
    const settled = await resolveDeletion(lena, audit, `handwritten_signature/${last.id}`, false);
    expect(settled).toMatchObject(refused);
    expect(await write(lena, audit, [del('report_record', report.id)])).toMatchObject(refused);
    const late = await signClosingRecord(lena, audit, shown.id, word('audit_team_leader', 'declined'));
    expect(late).toMatchObject({ code: 'closing.sealed_already' });
    const view = await readLog(lena.database, audit);
    expect(view.ofKind('handwritten_signature')).toHaveLength(2);
    expect(view.find('report_record', report.id)!.isDeleted).toBe(false);
  });

  test('a word under a record that is shown and not sealed can be taken back', async () => {
    const { lena, audit, shown } = await presented();
    const signed = await done(signClosingRecord(lena, audit, shown.id, word('audit_team_leader')));
    await done(undo(lena, signed));
    expect((await readLog(lena.database, audit)).ofKind('handwritten_signature')).toEqual([]);
  });

  testLong('that is being replaced is shown again when another tablet was faster', async () => {
    const { lena, audit, shown } = await presented();
    await sealWithBothWords(lena, audit, shown.id);
    const slow = await done(presentClosingRecord(lena, audit, 'The scope was wrong'));
    const fast = await done(presentClosingRecord(lena, audit, 'A name was misspelt'));
    await sealWithBothWords(lena, audit, fast.id);
    expect(await sealClosingRecord(lena, audit, slow.id)).toMatchObject({ code: 'closing.record_outdated' });
  });

  testLong('that was replaced is no longer what a report rests on', async () => {
    const { lena, audit, shown } = await presented();
    await sealWithBothWords(lena, audit, shown.id);
    const again = await done(presentClosingRecord(lena, audit, 'The scope was wrong'));
    await sealWithBothWords(lena, audit, again.id);
    await done(writeReport(lena, audit, SUMMARY));
    const { id } = await done(sealReport(lena, audit));
    const report = (await readLog(lena.database, audit)).find('report_record', id)!;
    expect(report.get('closing_sha256')).toBe(again.sha256);
  });

  test('is not signed or sealed over something that changed since it was shown', async () => {
    const { lena, audit, shown } = await presented();
    await done(signClosingRecord(lena, audit, shown.id, word('audit_team_leader')));
    await done(changeAudit(lena, audit, { scope: 'Machining' }));
    const outdated = { code: 'closing.record_outdated' };
    expect(await signClosingRecord(lena, audit, shown.id, word('auditee_representative'))).toMatchObject(outdated);
    expect(await sealClosingRecord(lena, audit, shown.id)).toMatchObject(outdated);
    const again = await done(presentClosingRecord(lena, audit));
    expect(again.sha256).not.toBe(shown.sha256);
  });

  test('words that were typed and taken back change nothing in it', async () => {
    const { lena, audit, shown } = await presented();
    const [{ finding }] = numberedFindings(await readLog(lena.database, audit)) as [NumberedFinding];
    const typed = await done(changeFinding(lena, audit, finding.id, { grade_reason: 'Third time' }));
    await done(undo(lena, typed));
    expect((await readLog(lena.database, audit)).find('finding', finding.id)!.get('grade_reason')).toBe('');
    expect((await done(presentClosingRecord(lena, audit))).id).toBe(shown.id);
  });

  test('notes that are written meanwhile change nothing in it', async () => {
    const { lena, audit, shown } = await presented();
    await done(takeNote(lena, audit, { text: 'Coffee was good' }));
    expect((await done(presentClosingRecord(lena, audit))).id).toBe(shown.id);
  });

  test('somebody who signs after all replaces the word noted before', async () => {
    const { lena, audit, shown } = await presented();
    await done(signClosingRecord(lena, audit, shown.id, word('auditee_representative', 'absent')));
    await done(signClosingRecord(lena, audit, shown.id, word('auditee_representative', 'signed')));
    const words = (await readLog(lena.database, audit)).ofKind('handwritten_signature');
    expect(words.map((given) => given.get('outcome'))).toEqual(['signed']);
  });

  test('an open dispute in what it shows stands in the way, one in a note does not', async () => {
    const { lena, audit } = await presented();
    const row = (await lena.database.entities
      .where('[audit+ref]')
      .between([audit, 'finding/'], [audit, 'finding0'])
      .first())!;
    const head = row.body.value['title']![0]!;
    row.body.value['title']!.push({
      ...head,
      operation: { ...head.operation, digest: 'f'.repeat(64), val: 'Another title' },
    });
    await lena.database.entities.put(row);
    expect(disputesOf(await readLog(lena.database, audit))).toMatchObject([{ field: 'title', isSealed: true }]);
    expect(await presentClosingRecord(lena, audit)).toMatchObject({ code: 'closing.conflict_open' });
    const refused = refusalsBeforeReport(await readLog(lena.database, audit), audit, null);
    expect(refused.map(({ code }) => code)).toContain('report.conflict_open');
  });

  test('an open dispute over which pictures the report shows stands in its way', async () => {
    const { lena, audit } = await presented();
    const picture = { kind: 'photo', sha256: 'a'.repeat(64), size: 1, media_type: 'image/jpeg' } as const;
    const born = { ...picture, source: 'file', file_name: null, captured_at: '2026-11-24T09:41:00.000Z' } as const;
    await commit(lena.database, audit, [add('evidence', 'e1', born), set('evidence', 'e1', 'is_in_report', true)]);
    const row = (await lena.database.entities.get([audit, 'evidence/e1']))!;
    const head = row.body.value['is_in_report']![0]!;
    row.body.value['is_in_report']!.push({
      ...head,
      operation: { ...head.operation, digest: 'f'.repeat(64), val: false },
    });
    await lena.database.entities.put(row);
    const refused = refusalsBeforeReport(await readLog(lena.database, audit), audit, null);
    const disputes = refused.filter(({ code }) => code === 'report.conflict_open');
    expect(disputes).toMatchObject([{ facts: { entity: 'evidence/e1', field: 'is_in_report' } }]);
  });

  test('an open dispute over a grade in one standard stands in the way too', async () => {
    const { lena, audit } = await openAudit();
    const { id } = await done(raiseFinding(lena, audit, IN_TWO));
    await done(gradeInStandard(lena, audit, id, GREEN, 'major_nonconformity', 'It reached the drain'));
    const row = (await lena.database.entities.get([audit, `finding_grade/${id}~${GREEN}`]))!;
    const head = row.body.value['grade']![0]!;
    row.body.value['grade']!.push({
      ...head,
      operation: { ...head.operation, digest: 'f'.repeat(64), val: 'positive' },
    });
    await lena.database.entities.put(row);
    expect(await presentClosingRecord(lena, audit)).toMatchObject({
      code: 'closing.conflict_open',
      facts: { what: 'finding_grade 01, grade' },
    });
  });

  testLong('the report follows the seal, lists what changed, and a second one says why', async () => {
    const { lena, audit, shown } = await presented();
    expect(await sealReport(lena, audit)).toMatchObject({ code: 'report.closing_seal_missing' });
    await done(signClosingRecord(lena, audit, shown.id, word('audit_team_leader')));
    await done(signClosingRecord(lena, audit, shown.id, word('auditee_representative')));
    await done(sealClosingRecord(lena, audit, shown.id));
    expect(await sealReport(lena, audit)).toMatchObject({ code: 'report.content_missing' });
    await done(writeReport(lena, audit, SUMMARY));
    await done(addTeamMember(lena, audit, { account: null, name: 'Interpreter', role: 'interpreter' }));
    const one = await done(sealReport(lena, audit));
    const entity = (await readLog(lena.database, audit)).find('report_record', one.id)!;
    const record = readRecord(entity)!;
    expect(sha256Of(entity.get('record')!)).toBe(entity.get('seal')!.sha256);
    expect(record).toMatchObject({
      revision: 1,
      closing_sha256: shown.sha256,
      clauses: [{ result: 'not_seen' }, { criterion: CLAUSE, result: 'minor_nonconformity', findings: ['01'] }],
      changes_since_closing: [{ finding: null, field: 'team', was: null, is: null }],
    });
    expect(await sealReport(lena, audit)).toMatchObject({ facts: { missing: 'reason' } });
    expect((await done(sealReport(lena, audit, 'Comment of the client'))).revision).toBe(2);
  });

  testLong(
    'a report is not sealed over a nonconformity that was raised after the closing and says nothing',
    async () => {
      const { lena, audit, shown } = await presented();
      await sealWithBothWords(lena, audit, shown.id);
      await done(writeReport(lena, audit, SUMMARY));
      const { id } = await done(raiseFinding(lena, audit, { grade: 'major_nonconformity' }));
      const lacks = { number: '02', missing: 'requirement, failure, objective_evidence, criteria' };
      expect(await sealReport(lena, audit)).toMatchObject({ code: 'closing.nonconformity_incomplete', facts: lacks });
      await done(raiseFinding(lena, audit));
      expect(refusalsBeforeReport(await readLog(lena.database, audit), audit, null)).toMatchObject([
        { code: 'closing.nonconformity_incomplete' },
        { code: 'closing.grade_missing', facts: { number: '03' } },
      ]);
      await done(deleteFinding(lena, audit, id));
      expect(await sealReport(lena, audit)).toMatchObject({ code: 'closing.grade_missing' });
    },
  );

  testLong('a report is not sealed without a number', async () => {
    const { lena, audit, shown } = await presented();
    await sealWithBothWords(lena, audit, shown.id);
    await done(writeReport(lena, audit, SUMMARY));
    await done(changeAudit(lena, audit, { reference: '' }));
    expect(await sealReport(lena, audit)).toMatchObject({ code: 'report.reference_missing' });
    await done(changeAudit(lena, audit, { reference: 'A-2026-018' }));
    expect(await sealReport(lena, audit)).toMatchObject({ revision: 1 });
  });

  test('a report is not sealed without the recommendation for a standard that came after the closing', async () => {
    const { lena, audit, shown } = await presented();
    await sealWithBothWords(lena, audit, shown.id);
    await done(writeReport(lena, audit, SUMMARY));
    await done(changeAudit(lena, audit, { criteria: [QUALITY, GREEN] }));
    expect(await sealReport(lena, audit)).toMatchObject({
      code: 'closing.recommendation_missing',
      facts: { standard: GREEN },
    });
  });

  testLong(
    'a report is not sealed over a recommendation that is older than a finding, until it is confirmed',
    async () => {
      const { lena, audit, shown } = await presented();
      await sealWithBothWords(lena, audit, shown.id);
      await done(writeReport(lena, audit, SUMMARY));
      const { id } = await done(raiseFinding(lena, audit, COMPLETE));
      expect(await sealReport(lena, audit)).toMatchObject({
        code: 'closing.recommendation_outdated',
        facts: { standard: QUALITY, findings: '02' },
      });
      const confirmed = await done(recommend(lena, audit, QUALITY, 'recommended_after_closure'));
      expect(confirmed.operations.map(({ fld }) => fld)).toEqual(['considered']);
      const { id: report } = await done(sealReport(lena, audit));
      const record = readRecord((await readLog(lena.database, audit)).find('report_record', report)!)!;
      const grade = 'minor_nonconformity';
      const considered = (record['recommendations'] as PlainRecord[])[0]!['considered'] as PlainRecord[];
      expect(considered.find(({ finding }) => finding === id)).toEqual({ finding: id, grade });
      // What was confirmed can be taken back, and is asked for again.
      await done(undo(lena, confirmed));
      expect(await sealReport(lena, audit, 'Once more')).toMatchObject({ code: 'closing.recommendation_outdated' });
    },
  );

  test('a recommendation that two tablets gave over other findings is settled by recommending once more', async () => {
    const { lena, audit } = await presented();
    const ref = `recommendation/${QUALITY}`;
    const row = (await lena.database.entities.get([audit, ref]))!;
    const [head] = row.body.value['considered']!;
    row.body.value['considered']!.push({
      ...head!,
      operation: { ...head!.operation, digest: 'f'.repeat(64), val: [] },
    });
    await lena.database.entities.put(row);
    const [refused] = refusalsBeforeClosing(await readLog(lena.database, audit), audit);
    expect(refused).toMatchObject({ code: 'closing.conflict_open', facts: { entity: ref, field: 'considered' } });
    await done(recommend(lena, audit, QUALITY, 'recommended_after_closure'));
    expect(refusalsBeforeClosing(await readLog(lena.database, audit), audit)).toEqual([]);
  });

  test('a report takes the place of the last one that was made, whatever was sealed beside it', async () => {
    const { lena, audit, shown } = await presented();
    await sealWithBothWords(lena, audit, shown.id);
    await done(writeReport(lena, audit, SUMMARY));
    const here = await done(sealReport(lena, audit));
    const record = (await readLog(lena.database, audit)).find('report_record', here.id)!;
    // Another tablet had sealed its own first revision, and the server made that one.
    const seal = { ...record.get('seal')!, sha256: 'b'.repeat(64) };
    const born = { ...record.born, sha256: 'b'.repeat(64) } as never;
    const fromElsewhere = [add('report_record', 'elsewhere', born), sealChange('report_record', 'elsewhere', seal)];
    await commit(lena.database, audit, fromElsewhere);
    const view = await readLog(lena.database, audit);
    expect([latestReport(view)!.id, latestReport(view, ['elsewhere'])!.id]).toEqual([here.id, 'elsewhere']);
    // The log says so too, without a network.
    const digest = view.find('report_record', 'elsewhere')!.fields.get('seal')!.heads[0]!.digest;
    const told = withIssued(view, digest, 1, 'b'.repeat(64));
    expect([issuedReports(told), latestReport(told)!.id]).toEqual([['elsewhere'], 'elsewhere']);
    const next = await done(sealReport(lena, audit, 'Comment of the client', ['elsewhere']));
    expect(next.revision).toBe(2);
    const text = readRecord((await readLog(lena.database, audit)).find('report_record', next.id)!)!;
    expect(text['supersedes_sha256']).toBe('b'.repeat(64));
  });
});

describe('which report the next one follows', () => {
  const hash = (letter: string) => letter.repeat(64);

  /** An audit with these sealed reports, in the order in which they were sealed; each is called by the letter of its hash. */
  async function withReports(...reports: readonly [letter: string, revision: number, supersedes: string | null][]) {
    const database = await openTablet(LENA);
    for (const [letter, revision, supersedes] of reports) {
      const sha256 = hash(letter);
      const born = {
        record: '{}',
        sha256,
        closing_sha256: sha256,
        closing_seal_sha256: sha256,
        revision,
        reason: null,
      };
      const vouched = { purpose: 'report', sha256, supersedes: supersedes && hash(supersedes) } as Schemas['Seal'];
      await commit(database, AUDIT, [add('report_record', letter, born), sealChange('report_record', letter, vouched)]);
    }
    return readLog(database, AUDIT);
  }
  const sealOf = (view: LogView, id: string) => view.find('report_record', id)!.fields.get('seal')!.heads[0]!.digest;
  const before = (view: LogView, made: readonly string[] = []) => [
    latestReport(view, made)?.id,
    nextRevision(view, made),
  ];

  test('is the last that was sealed on top of the first one', async () => {
    expect(before(await withReports())).toEqual([undefined, 1]);
    expect(before(await withReports(['a', 1, null]))).toEqual(['a', 2]);
    expect(before(await withReports(['a', 1, null], ['b', 2, 'a']))).toEqual(['b', 3]);
    expect(before(await withReports(['b', 1, null], ['a', 1, null], ['c', 2, 'a']))).toEqual(['c', 3]);
  });

  test('is none that numbers as it likes, or that names what nobody has', async () => {
    const strange = [
      ['x', 999, null],
      ['y', 1, 'f'],
      ['z', 3, 'a'],
      ['w', 1, 'w'],
      ['v', 2, 'x'],
    ] as const;
    for (const one of strange) {
      expect(before(await withReports([...one]))).toEqual([undefined, 1]);
      expect(before(await withReports(['a', 1, null], [...one]))).toEqual(['a', 2]);
      const view = await withReports(['a', 1, null], ['b', 2, 'a'], [...one]);
      expect(before(withIssued(view, sealOf(view, 'a'), 1, hash('a')))).toEqual(['b', 3]);
    }
  });

  test('is one that was issued, or on top of it, whatever was sealed beside it', async () => {
    const view = await withReports(['a', 1, null], ['b', 2, 'a'], ['c', 1, null], ['d', 2, 'c']);
    expect(before(view)).toEqual(['b', 3]);
    expect(before(withIssued(view, sealOf(view, 'c'), 1, hash('c')))).toEqual(['d', 3]);
    expect(before(view, ['c'])).toEqual(['d', 3]);
    const both = withIssued(withIssued(view, sealOf(view, 'a'), 1, hash('a')), sealOf(view, 'b'), 2, hash('b'));
    expect([before(both), issuedReports(both)]).toEqual([
      ['b', 3],
      ['a', 'b'],
    ]);
  });

  test('is one that was issued also where its record is not on this tablet', async () => {
    const view = await withReports(['a', 1, null]);
    expect(before(withIssued(view, hash('e'), 2, hash('f')))).toEqual([undefined, 3]);
    const further = await withReports(['a', 1, null], ['b', 3, 'f']);
    expect(before(withIssued(further, hash('e'), 2, hash('f')))).toEqual(['b', 4]);
  });

  test('is named in the next one by its hash, which is all that is left of it', async () => {
    const { lena, audit, shown } = await presented();
    await sealWithBothWords(lena, audit, shown.id);
    await done(writeReport(lena, audit, SUMMARY));
    const val = {
      revision: 1,
      sha256: hash('a'),
      state: 'draft',
      pdf_sha256: hash('d'),
      pages: 12,
      by: ARON,
      at: 'then',
    };
    await hearIssued(lena.database, audit, hash('b'), val);
    expect(await sealReport(lena, audit)).toMatchObject({ facts: { missing: 'reason' } });
    const next = await done(sealReport(lena, audit, 'The first one was lost'));
    const record = (await readLog(lena.database, audit)).find('report_record', next.id)!;
    expect([next.revision, record.get('seal')!.supersedes]).toEqual([2, hash('a')]);
    expect(readRecord(record)!['supersedes_sha256']).toBe(hash('a'));
  });
});

test('undo of a graded stub deletes it, and the undo can be undone', async () => {
  const { lena, audit } = await openAudit();
  const raised = await done(raiseFinding(lena, audit, COMPLETE));
  const undone = await done(undo(lena, raised));
  expect((await readLog(lena.database, audit)).ofKind('finding')).toEqual([]);
  await done(undo(lena, undone));
  expect((await readLog(lena.database, audit)).ofKind('finding')[0]!.get('grade')).toBe('minor_nonconformity');
  await commit(lena.database, audit, [set('finding', raised.id, 'title', 'Again')]);
});
