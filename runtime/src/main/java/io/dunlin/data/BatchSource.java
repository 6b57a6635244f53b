package io.dunlin.data;

/** Gives each rank its samples of a step. */
public interface BatchSource extends AutoCloseable {
    /**
     * The share of one rank of the step that begins at {@code position}.
     *
     * <p>Micro-batch i of the step holds the same samples whatever {@code shares} is; share s of n gets micro-batches
     * {@code [G*s/n, G*(s+1)/n)} of G. The returned tensors are valid until the next call.
     *
     * @param position where the step begins, the same on every rank
     * @param share this rank's number
     * @param shares how many ranks share the step
     */
    Batch next(DataPosition position, int share, int shares);

    @Override
    void close();
}
