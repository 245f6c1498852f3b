/**
 * A passphrase that can be said across a table: proquints (arXiv 0901.4016), words of five letters that stand for 16 bits each. They
 * are the same in every language, and no list of words has to come along. Four of them are 64 random bits; with the work that scrypt
 * asks for each guess that is out of reach.
 */
import { device } from '../store/device';

const CONSONANTS = 'bdfghjklmnprstvz';
const VOWELS = 'aiou';
const WORDS = 4;

export function proposePassphrase(): string {
  const bytes = device.random(2 * WORDS);
  return Array.from({ length: WORDS }, (_, index) => word((bytes[2 * index]! << 8) | bytes[2 * index + 1]!)).join('-');
}

/** Consonant, vowel, consonant, vowel, consonant: 4, 2, 4, 2, 4 bits. */
export function word(bits: number): string {
  return [
    CONSONANTS[bits >> 12],
    VOWELS[(bits >> 10) & 3],
    CONSONANTS[(bits >> 6) & 15],
    VOWELS[(bits >> 4) & 3],
    CONSONANTS[bits & 15],
  ].join('');
}
