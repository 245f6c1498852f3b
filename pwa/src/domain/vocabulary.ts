/**
 * The words of the field, as types and as lists for a screen to walk through. One spelling from table to screen.
 *
 * The types come from the contract (schemas/); `listed` refuses a list that lacks a word or has one too many.
 */
import type { components } from '../generated/contract';

export type Schemas = components['schemas'];

export type Acknowledgement = Schemas['Acknowledgement'];
export type AnnotationColour = Schemas['AnnotationColour'];
export type AnnotationKind = Schemas['AnnotationKind'];
export type AuditType = Schemas['AuditType'];
export type EvidenceKind = Schemas['EvidenceKind'];
export type EvidenceMethod = Schemas['EvidenceMethod'];
export type EvidenceSource = Schemas['EvidenceSource'];
export type FindingGrade = Schemas['FindingGrade'];
export type FollowUpResult = Schemas['FollowUpResult'];
export type JudgementResult = Schemas['JudgementResult'];
export type OperationKind = Schemas['OperationKind'];
export type Origin = Schemas['Origin'];
export type PhotoPolicy = Schemas['PhotoPolicy'];
export type PositionUse = Schemas['PositionUse'];
export type RecommendationOutcome = Schemas['RecommendationOutcome'];
export type Role = Schemas['Role'];
export type SigningOutcome = Schemas['SigningOutcome'];
export type SigningParty = Schemas['SigningParty'];
export type SlotState = Schemas['SlotState'];
export type TeamRole = Schemas['TeamRole'];
export type WorkspaceKind = Schemas['WorkspaceKind'];

function listed<Word extends string>() {
  return <const List extends readonly Word[]>(
    list: [Exclude<Word, List[number]>] extends [never] ? List : never,
  ): List => list;
}

export const AUDIT_TYPES = listed<AuditType>()([
  'gap_analysis',
  'internal',
  'pre_assessment',
  'stage_1',
  'stage_2',
  'surveillance',
  'recertification',
  'special',
  'supplier',
]);
export const ANNOTATION_KINDS = listed<AnnotationKind>()(['arrow', 'box', 'pen', 'text', 'redact']);
export const ANNOTATION_COLOURS = listed<AnnotationColour>()(['red', 'yellow', 'blue', 'black']);
const OF_A_CLIENT: readonly AuditType[] = ['gap_analysis', 'internal', 'supplier'];

/**
 * What a new audit may be in a workspace. A certification body gives no advice: no gap analysis, no audits of first or second party
 * (ISO/IEC 17021-1:2015, 5.2.5 to 5.2.9). Nobody but a body audits for certification.
 */
export function auditTypesOf(kind: WorkspaceKind | undefined): readonly AuditType[] {
  const isBody = kind === 'certification_body';
  return AUDIT_TYPES.filter((type) => OF_A_CLIENT.includes(type) !== isBody);
}

export const FINDING_GRADES = listed<FindingGrade>()([
  'major_nonconformity',
  'minor_nonconformity',
  'opportunity_for_improvement',
  'positive',
  'area_of_concern',
]);
export const JUDGEMENT_RESULTS = listed<JudgementResult>()(['conforms', 'not_seen', 'not_planned', 'not_applicable']);
export const OPERATION_KINDS = listed<OperationKind>()([
  'add',
  'set',
  'del',
  'resolve',
  'seal',
  'verdict',
  'erasure',
  'issuance',
]);
export const RECOMMENDATION_OUTCOMES = listed<RecommendationOutcome>()([
  'recommended',
  'recommended_after_closure',
  'not_recommended',
]);
export const FOLLOW_UP_RESULTS = listed<FollowUpResult>()(['effective', 'not_effective', 'not_verified']);
export const SIGNING_PARTIES = listed<SigningParty>()(['audit_team_leader', 'auditee_representative']);
export const SIGNING_OUTCOMES = listed<SigningOutcome>()(['signed', 'declined', 'absent', 'remote']);
export const EVIDENCE_KINDS = listed<EvidenceKind>()([
  'photo',
  'file',
  'document',
  'record',
  'interview',
  'observation',
  'voice_note',
  'drawing',
]);
export const EVIDENCE_METHODS = listed<EvidenceMethod>()(['documentation', 'interview', 'observation']);
export const PHOTO_POLICIES = listed<PhotoPolicy>()(['allowed', 'ask', 'forbidden']);
export const POSITION_USES = listed<PositionUse>()(['off', 'kept', 'in_report']);
export const SLOT_STATES = listed<SlotState>()(['planned', 'done', 'not_held']);
export const TEAM_ROLES = listed<TeamRole>()([
  'audit_team_leader',
  'auditor',
  'auditor_in_training',
  'technical_expert',
  'interpreter',
  'observer',
]);

/** Every kind of entity of the operation log, with the fields that the contract gives it. */
export interface Entities {
  audit: Schemas['Audit'];
  team_member: Schemas['TeamMember'];
  site: Schemas['Site'];
  process: Schemas['Process'];
  shift: Schemas['Shift'];
  area: Schemas['Area'];
  plan_slot: Schemas['PlanSlot'];
  previous_finding: Schemas['PreviousFinding'];
  deviation: Schemas['Deviation'];
  judgement: Schemas['Judgement'];
  note: Schemas['Note'];
  finding: Schemas['Finding'];
  finding_grade: Schemas['GradeInStandard'];
  evidence: Schemas['Evidence'];
  evidence_link: Schemas['EvidenceLink'];
  attendance: Schemas['Attendance'];
  recommendation: Schemas['Recommendation'];
  closing_record: Schemas['ClosingRecord'];
  handwritten_signature: Schemas['HandwrittenSignature'];
  report_record: Schemas['ReportRecord'];
}
export type EntityKind = keyof Entities;

/** Facts that an entity is born with and that never change; every other field is set by operations of its own. */
export const BORN_FIELDS = {
  audit: ['type', 'workspace'],
  team_member: ['account'],
  site: [],
  process: [],
  shift: [],
  area: [],
  plan_slot: [],
  previous_finding: ['criteria', 'grade', 'number', 'raised_on', 'statement'],
  deviation: ['observed_at'],
  judgement: ['auditor', 'criterion', 'process', 'shift', 'site'],
  note: ['observed_at'],
  finding: ['raised_at', 'raised_by'],
  finding_grade: ['finding', 'standard'],
  evidence: ['captured_at', 'file_name', 'kind', 'media_type', 'sha256', 'size', 'source'],
  evidence_link: ['criterion', 'evidence', 'finding'],
  attendance: [],
  recommendation: [],
  closing_record: ['record', 'sha256'],
  handwritten_signature: [
    'closing_record',
    'closing_sha256',
    'function',
    'name',
    'outcome',
    'party',
    'reason',
    'signed_at',
    'statement',
    'strokes',
  ],
  report_record: ['closing_seal_sha256', 'closing_sha256', 'reason', 'record', 'revision', 'sha256'],
} as const satisfies { [K in EntityKind]: readonly (keyof Entities[K])[] };

export type BornField<K extends EntityKind> = (typeof BORN_FIELDS)[K][number] & keyof Entities[K];
export type Born<K extends EntityKind> = Pick<Entities[K], BornField<K>>;
export type SettableField<K extends EntityKind> = Exclude<keyof Entities[K], BornField<K>> & string;
export type FieldName<K extends EntityKind> = keyof Entities[K] & string;
