package io.dunlin.collectives.algorithm;

/**
 * One member's half of one operation.
 *
 * <p>Used by one thread, again and again: {@link #begin}, then any mixture of the others, until {@link #complete} and all
 * flows have moved as many bytes as they said. For every pair of members, {@code bytesTo} of one equals {@code bytesFrom}
 * of the other, and runs that {@link #sendable} offers end where the other side's runs end.
 */
public interface Algorithm {
    /** No flow at all, not even an entry frame. */
    long NO_FLOW = -1;

    /**
     * Takes up an operation; {@code call} stays valid until the end. Notes who gets what and reads no data: this may be a
     * later phase of a larger operation, whose input is there only when bytes are asked for or brought.
     */
    void begin(Call call);

    /** How many bytes go to {@code peer} in all, or {@link #NO_FLOW}. */
    long bytesTo(int peer);

    /** How many bytes come from {@code peer} in all, or {@link #NO_FLOW}. */
    long bytesFrom(int peer);

    /** How many bytes, from one address on, may go to {@code peer} now; 0 if none or not yet. */
    long sendable(int peer);

    /** Where the next bytes for {@code peer} are; only if some are sendable. */
    long source(int peer);

    /** The next {@code bytes} for {@code peer} have been copied out. */
    void sent(int peer, int bytes);

    /**
     * Takes the next bytes of {@code peer}'s flow, straight from the transport's memory.
     *
     * @return whether they were taken; if not, they are offered again later
     */
    boolean accept(int peer, long address, int bytes);

    /** Does a bounded piece of local work; whether there was any. */
    boolean advance();

    /** Whether no local work is left, once all flows have moved. */
    boolean complete();
}
