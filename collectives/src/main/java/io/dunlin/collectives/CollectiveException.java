package io.dunlin.collectives;

import io.dunlin.error.DunlinException;
import io.dunlin.error.ExitCode;
import java.util.Arrays;
import java.util.List;

/** A collective that did not complete; the message names rank, group, operation, and bytes done and expected. */
public final class CollectiveException extends DunlinException {
    private static final long serialVersionUID = 1L;

    private final int[] culprits;

    /** Makes a failure; see {@link DunlinException}. */
    public CollectiveException(String code, String message, String remedy, ExitCode exitCode) {
        this(code, message, remedy, exitCode, List.of());
    }

    /**
     * Makes a failure that is somebody's.
     *
     * @param culprits global ranks that are gone, missing, or called something else; empty if nobody in particular
     */
    public CollectiveException(String code, String message, String remedy, ExitCode exitCode, List<Integer> culprits) {
        super(code, message, remedy, exitCode);
        this.culprits = culprits.stream().mapToInt(Integer::intValue).toArray();
    }

    private CollectiveException(CollectiveException first) {
        super(first.code(), String.valueOf(first.getMessage()), first.remedy(), first.exitCode(), first);
        this.culprits = first.culprits.clone();
    }

    /** {@code DUN-701}: the group was told to give up. */
    public static CollectiveException aborted(String message) {
        return new CollectiveException("DUN-701", message, "", ExitCode.RANK_FAILED);
    }

    /** {@code DUN-702}: a deadline has passed. */
    public static CollectiveException timedOut(String message, String remedy) {
        return timedOut(message, remedy, List.of());
    }

    /** {@code DUN-702}: a deadline has passed while waiting for {@code missing} ranks. */
    public static CollectiveException timedOut(String message, String remedy, List<Integer> missing) {
        return new CollectiveException("DUN-702", message, remedy, ExitCode.HANG, missing);
    }

    /** {@code DUN-703}: members called different operations, or the same with other sizes or types. */
    public static CollectiveException desync(String message, List<Integer> ranks) {
        return new CollectiveException(
                "DUN-703",
                message,
                "every member must call the same operations with the same sizes in the same order",
                ExitCode.BUG,
                ranks);
    }

    /** {@code DUN-704}: a peer's process or host is gone. */
    public static CollectiveException peerLost(String message, List<Integer> lost) {
        return new CollectiveException("DUN-704", message, "", ExitCode.RANK_FAILED, lost);
    }

    /** {@code DUN-705}: the members of a group did not find each other. */
    public static CollectiveException notConnected(String message, String remedy, List<Integer> missing) {
        return new CollectiveException("DUN-705", message, remedy, ExitCode.RANK_FAILED, missing);
    }

    /** {@code DUN-706}: this rank's own means of communication failed. */
    public static CollectiveException transportFailed(String message, String remedy) {
        return new CollectiveException("DUN-706", message, remedy, ExitCode.RANK_FAILED);
    }

    /** Global ranks that are gone, missing, or called something else; empty if nobody in particular. */
    public List<Integer> culprits() {
        return Arrays.stream(culprits).boxed().toList();
    }

    /** The same failure with the caller's stack, for each thread that learns of it. */
    public CollectiveException seenHere() {
        return new CollectiveException(this);
    }
}
