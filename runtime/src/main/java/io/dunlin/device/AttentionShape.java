package io.dunlin.device;

/**
 * Extents of one causal attention.
 *
 * @param batch sequences
 * @param time positions of each sequence
 * @param heads query heads
 * @param keyValueHeads key and value heads; divides {@code heads}; fewer than heads is grouped-query attention
 * @param headWidth elements of one head
 */
public record AttentionShape(int batch, int time, int heads, int keyValueHeads, int headWidth) {
    /** Checks that the groups are even. */
    public AttentionShape {
        if (keyValueHeads < 1 || heads % keyValueHeads != 0) {
            throw new IllegalArgumentException(
                    "%d query heads cannot share %d key and value heads evenly".formatted(heads, keyValueHeads));
        }
    }

    /** Rows of the matrices: one per position of each sequence. */
    public int rows() {
        return batch * time;
    }
}
