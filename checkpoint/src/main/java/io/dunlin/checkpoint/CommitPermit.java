package io.dunlin.checkpoint;

/**
 * Has the last word before a checkpoint becomes visible: whoever forms generations refuses all but the live one.
 */
@FunctionalInterface
public interface CommitPermit {
    /** Nobody but the checkpoint folder itself decides. */
    CommitPermit GRANTED = (generation, step) -> {};

    /**
     * Returns if the checkpoint may be committed; called on rank 0, on the thread that trains.
     *
     * @throws io.dunlin.checkpoint.format.CheckpointException if it may not, of kind {@code STALE}
     */
    void require(long generation, long step);
}
