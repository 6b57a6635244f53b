package io.dunlin.collectives.engine;

import io.dunlin.collectives.CollectiveException;
import io.dunlin.collectives.Group;
import io.dunlin.collectives.algorithm.Call;

/**
 * Follows the collectives of one communicator, and how long its messages wait: the place where a flight recorder looks in.
 *
 * <p>All but {@link #submitted} and {@link #awaited} are called by the communication thread, in the middle of its work: an
 * implementation returns at once, allocates nothing and throws nothing. Members are numbers in the group. What is not
 * overridden is not followed.
 */
public interface OperationListener {
    /** Follows nothing. */
    OperationListener NONE = new OperationListener() {};

    /** Who follows the groups of a rank. */
    interface Source {
        /** Nobody follows any. */
        Source NONE = (group, generation, opening) -> OperationListener.NONE;

        /**
         * Who follows {@code group}, from when it is opened until it is closed.
         *
         * @param opening how often the group has been opened in this generation, now included; the same on all members
         */
        OperationListener of(Group group, int generation, int opening);
    }

    /** The caller has called operation {@code number}; on the caller's thread, before anybody else knows of it. */
    default void submitted(long number) {}

    /** The caller was held up by an operation for {@code waitedNs}; on the caller's thread. */
    default void awaited(long number, long waitedNs) {}

    /** The communication thread has taken it up; {@code call} may be read now and not later. */
    default void entered(long number, Call call, int algorithm) {}

    /** A frame with {@code bytes} of its data has gone to {@code peer}. */
    default void sent(long number, int peer, int bytes) {}

    /** Something could go to {@code peer}, and its stream had no room: the receiver or what lies between holds it back. */
    default void refused(long number, int peer) {}

    /** A frame with {@code bytes} of its data has come from {@code peer} and was taken. */
    default void received(long number, int peer, int bytes) {}

    /** More has to come from {@code peer}, and nothing was there. */
    default void starved(long number, int peer) {}

    /** It is over on this member. */
    default void done(long number) {}

    /** It has failed on this member. */
    default void failed(long number) {}

    /** The first message that has not gone to {@code peer} in full is the first since then; 0 if there is none. */
    default void sending(int peer, long sinceNs) {}

    /** The first message that has not come from {@code peer} in full is the first since then; 0 if there is none. */
    default void receiving(int peer, long sinceNs) {}

    /** The thread is alive; several times a millisecond while it is busy, every few while it is not. */
    default void alive(long nowNs) {}

    /** How many frames between this member and {@code peer} have been missed and sent again so far. */
    default void losses(int peer, long frames) {}

    /** The clock of global rank 0 shows what this one shows, plus {@code offsetNs}, give or take {@code errorNs}. */
    default void clockMeasured(long offsetNs, long errorNs) {}

    /** The communicator has given up. */
    default void gaveUp(CollectiveException cause) {}

    /** The communicator was closed; nothing follows. */
    default void closed() {}
}
