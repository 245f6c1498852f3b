/** What an auditor might have written, for the style sheet only. It is data, not a translation, so it stays out of i18n. */
import type { Locale } from '../i18n';
import type { Mark } from '../look/grade-shapes';

export const FIELD_MARKS: readonly Mark[] = [
  'conforms',
  'opportunity_for_improvement',
  'minor_nonconformity',
  'major_nonconformity',
  'not_seen',
  'not_applicable',
];

const english = {
  hall: 'Hall 2, final inspection',
  slot: '10:40–11:25',
  today: 'Today',
  clauses: 'Clauses',
  slots: [
    { time: '08:30', title: 'Opening meeting', mark: 'conforms' as Mark },
    { time: '09:00', title: 'Purchasing', mark: 'conforms' as Mark },
    { time: '10:40', title: 'Final inspection', mark: 'minor_nonconformity' as Mark },
    { time: '11:30', title: 'Heat treatment', mark: 'not_seen' as Mark },
    { time: '13:00', title: 'Night shift, hall 2', mark: 'not_seen' as Mark },
  ],
  unseen: 'clauses judged today',
  clause: { number: '7.1.5', title: 'Monitoring and measuring resources' },
  question: 'Which gauges are used here, and how does the operator know they are fit for use?',
  note: 'Note',
  noteText:
    'Three of twelve gauges at the bench carry a calibration label that has run out. The operator checks the label once a week, from memory.',
  noteHint: 'Only the team sees this. It is not part of the sealed record.',
  evidence: 'Evidence: caliper M-114 (photo 2), sample 2 of 12',
  nextClause: { number: '8.6', title: 'Release of products and services' },
  thirdClause: { number: '8.7', title: 'Control of nonconforming outputs' },
  findingsHere: 'Findings here',
  finding: 'Three gauges past their calibration date',
  findingWhere: 'Hall 2, bench 4, early shift',
  gauge: 'Identifier',
  gaugeHint: 'As engraved on the gauge.',
  sample: 'Sample size',
  area: 'Area',
  areas: ['Hall 1, turning', 'Hall 2, final inspection', 'Outside store'],
  due: 'Plan due on',
  problem:
    'This nonconformity shows no objective evidence yet. Add a photo, a document reference or an interview note.',
  mail: 'E-mail',
  mailProblem: 'This address stops after the @. Add the part that names the company.',
  locked: 'Certificate scope',
  lockedText: 'Machining of turned and milled parts to drawing',
  photos: ['Caliper M-114, label run out', 'Bench 4, seen from the aisle', 'Heat treatment, batch card'],
  noteShort: '“We check the label on Mondays.”',
  quiet: 'Aron’s tablet has not been seen since 10:12. Its work is on that tablet.',
  accent: 'The client has answered two findings.',
  notice: 'The clock of this tablet is four minutes behind. Times are kept as they are, and marked.',
  danger: 'This tablet has room for about 20 more photos. Send what waits, or free some space.',
  toSync: 'Send now',
  emptyTitle: 'No findings yet',
  emptyText: 'What you record here or in any clause appears in this list, worst first.',
  newFinding: 'Record a finding',
  tabs: ['Findings', 'Evidence', 'Plan'],
  tabText: 'Two minor nonconformities, one opportunity, one positive.',
  rows: [
    {
      lead: 'F-03',
      title: 'Three gauges past their calibration date',
      subtitle: '7.1.5 · hall 2',
      mark: 'minor_nonconformity' as Mark,
    },
    {
      lead: 'F-02',
      title: 'Release signed before the last measurement',
      subtitle: '8.6 · hall 2',
      mark: 'major_nonconformity' as Mark,
    },
    {
      lead: 'F-01',
      title: 'Set-up sheets with photos at each lathe',
      subtitle: '8.5.1 · hall 1',
      mark: 'positive' as Mark,
    },
  ],
  conflictField: 'Note on 7.1.5',
  versions: [
    { value: 'Three of twelve gauges past their date.', author: 'Lena Vogt', time: '10:52' },
    {
      value: 'Two of twelve gauges past their date; the third was replaced on 12 November, record seen.',
      author: 'Aron Keller',
      time: '10:58',
    },
  ],
  signer: 'Maria Brandt, quality manager',
  signed: 'Lena Vogt, audit team leader',
  dialogTitle: 'Seal the closing record?',
  dialogText:
    'Six findings, two signatures, one declined. Afterwards changes are listed beside the record, never inside it.',
  seal: 'Seal the record',
  sheetTitle: 'Move this slot',
  sheetField: 'New start',
  toast: 'Photo filed under 7.1.5',
  serial: 'O0 1lI 5S 8B 2Z  M-114/0O5S',
};

type Samples = typeof english;

const german: Samples = {
  hall: 'Halle 2, Endprüfung',
  slot: '10:40–11:25',
  today: 'Heute',
  clauses: 'Abschnitte',
  slots: [
    { time: '08:30', title: 'Eröffnungsgespräch', mark: 'conforms' },
    { time: '09:00', title: 'Einkauf', mark: 'conforms' },
    { time: '10:40', title: 'Endprüfung', mark: 'minor_nonconformity' },
    { time: '11:30', title: 'Wärmebehandlung', mark: 'not_seen' },
    { time: '13:00', title: 'Nachtschicht, Halle 2', mark: 'not_seen' },
  ],
  unseen: 'Abschnitte heute beurteilt',
  clause: { number: '7.1.5', title: 'Ressourcen zur Überwachung und Messung' },
  question: 'Welche Messmittel werden hier benutzt, und woran erkennt die Bedienerin, dass sie geeignet sind?',
  note: 'Notiz',
  noteText:
    'Drei von zwölf Messmitteln am Prüfplatz tragen eine abgelaufene Kalibriermarke. Geprüft wird die Marke einmal in der Woche, aus dem Gedächtnis.',
  noteHint: 'Nur das Team sieht das. Es gehört nicht zur versiegelten Niederschrift.',
  evidence: 'Nachweis: Messschieber M-114 (Foto 2), Stichprobe 2 von 12',
  nextClause: { number: '8.6', title: 'Freigabe von Produkten und Dienstleistungen' },
  thirdClause: { number: '8.7', title: 'Steuerung nichtkonformer Ergebnisse' },
  findingsHere: 'Feststellungen hier',
  finding: 'Drei Messmittel über ihrem Kalibrierdatum',
  findingWhere: 'Halle 2, Platz 4, Frühschicht',
  gauge: 'Kennzeichnung',
  gaugeHint: 'Wie auf dem Messmittel eingraviert.',
  sample: 'Stichprobenumfang',
  area: 'Bereich',
  areas: ['Halle 1, Dreherei', 'Halle 2, Endprüfung', 'Außenlager'],
  due: 'Plan fällig am',
  problem:
    'Zu dieser Abweichung fehlt noch ein objektiver Nachweis. Fügen Sie ein Foto, einen Dokumentverweis oder eine Gesprächsnotiz hinzu.',
  mail: 'E-Mail',
  mailProblem: 'Diese Adresse hört nach dem @ auf. Ergänzen Sie den Teil mit dem Namen der Firma.',
  locked: 'Geltungsbereich des Zertifikats',
  lockedText: 'Mechanische Bearbeitung von Dreh- und Frästeilen nach Zeichnung',
  photos: ['Messschieber M-114, Marke abgelaufen', 'Platz 4, vom Gang gesehen', 'Wärmebehandlung, Chargenkarte'],
  noteShort: '„Montags sehen wir die Marken durch.“',
  quiet: 'Arons Tablet wurde seit 10:12 nicht gesehen. Seine Arbeit ist auf jenem Tablet.',
  accent: 'Der Kunde hat zwei Feststellungen beantwortet.',
  notice: 'Die Uhr dieses Tablets geht vier Minuten nach. Zeiten bleiben, wie sie sind, und werden gekennzeichnet.',
  danger: 'Auf diesem Tablet ist noch Platz für etwa 20 Fotos. Senden Sie, was wartet, oder schaffen Sie Platz.',
  toSync: 'Jetzt senden',
  emptyTitle: 'Noch keine Feststellungen',
  emptyText: 'Was Sie hier oder bei einem Abschnitt erfassen, erscheint in dieser Liste, das Schwerste zuerst.',
  newFinding: 'Feststellung erfassen',
  tabs: ['Feststellungen', 'Nachweise', 'Plan'],
  tabText: 'Zwei Nebenabweichungen, ein Verbesserungspotenzial, eine positive Feststellung.',
  rows: [
    {
      lead: 'F-03',
      title: 'Drei Messmittel über ihrem Kalibrierdatum',
      subtitle: '7.1.5 · Halle 2',
      mark: 'minor_nonconformity',
    },
    {
      lead: 'F-02',
      title: 'Freigabe vor der letzten Messung unterschrieben',
      subtitle: '8.6 · Halle 2',
      mark: 'major_nonconformity',
    },
    {
      lead: 'F-01',
      title: 'Einrichteblätter mit Fotos an jeder Drehmaschine',
      subtitle: '8.5.1 · Halle 1',
      mark: 'positive',
    },
  ],
  conflictField: 'Notiz zu 7.1.5',
  versions: [
    { value: 'Drei von zwölf Messmitteln über ihrem Datum.', author: 'Lena Vogt', time: '10:52' },
    {
      value: 'Zwei von zwölf Messmitteln über ihrem Datum; das dritte wurde am 12. November ersetzt, Beleg gesehen.',
      author: 'Aron Keller',
      time: '10:58',
    },
  ],
  signer: 'Maria Brandt, Qualitätsbeauftragte',
  signed: 'Lena Vogt, Auditteamleiterin',
  dialogTitle: 'Niederschrift versiegeln?',
  dialogText:
    'Sechs Feststellungen, zwei Unterschriften, eine verweigert. Danach stehen Änderungen neben der Niederschrift, nie darin.',
  seal: 'Versiegeln',
  sheetTitle: 'Diesen Termin verschieben',
  sheetField: 'Neuer Beginn',
  toast: 'Foto unter 7.1.5 abgelegt',
  serial: 'O0 1lI 5S 8B 2Z  M-114/0O5S',
};

export const SAMPLES: Readonly<Record<Locale, Samples>> = { en: english, de: german };

/** Three drawn "photos", so that the page needs no files and no consent. */
export const PHOTOS = [
  drawing(
    '#8d99a6',
    'M0 178 H320 V240 H0 Z',
    '#4a5562',
    'M40 92 H270 V116 H40 Z M40 60 H74 V164 H40 Z M150 66 H184 V158 H150 Z',
    '#e9edf0',
  ),
  drawing(
    '#b9b3a4',
    'M0 150 H320 V240 H0 Z',
    '#7b7361',
    'M30 96 H290 V150 H30 Z M60 40 H120 V96 H60 Z M190 56 H250 V96 H190 Z',
    '#3f4a54',
  ),
  drawing('#6c7680', 'M0 0 H320 V60 H0 Z', '#39424b', 'M86 40 H234 V210 H86 Z', '#f2ead6'),
] as const;

function drawing(wall: string, floor: string, floorColour: string, thing: string, thingColour: string): string {
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 320 240"><path fill="${wall}" d="M0 0H320V240H0Z"/>` +
    `<path fill="${floorColour}" d="${floor}"/><path fill="${thingColour}" d="${thing}"/></svg>`;
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}
