package io.dunlin.data;

/** Gives each rank its samples of a step. */
public interface BatchSource extends AutoCloseable {
    /**
     * The share of one rank of the step that begins at {@code position}.
     *
     * <p>Micro-batch i of the step holds the same samples whatever the share is. The returned tensors are valid until the
     * next call.
     *
     * @param position where the step begins, the same on every rank
     * @param share which micro-batches are this rank's
     */
    Batch next(DataPosition position, Share share);

    @Override
    void close();
}
