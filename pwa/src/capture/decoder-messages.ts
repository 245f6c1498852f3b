/** What page and worker say to each other about codes in a picture. */
export interface Found {
  readonly rawValue: string;
  readonly format: string;
}

export interface DecodeRequest {
  readonly id: number;
  /** Null only asks whether it runs. */
  readonly picture: ImageData | null;
}

export interface DecodeAnswer {
  readonly id: number;
  /** Null where it does not run here. */
  readonly found: readonly Found[] | null;
}
