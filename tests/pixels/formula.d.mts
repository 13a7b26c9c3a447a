export declare function formulaPicture(width: number, height: number): Uint8Array;
export declare function asBmp(rgb: Uint8Array, width: number, height: number): Uint8Array;
