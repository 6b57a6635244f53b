package io.dunlin.collectives.quant;

import io.dunlin.collectives.CollectiveException;
import io.dunlin.collectives.Communicator;
import java.util.ArrayDeque;

/**
 * Ranks on several hosts, as many on each: rank r = host * ranksPerHost + member. A rank has two communicators: one with the
 * ranks of its host, one with the ranks that have its place on every host.
 *
 * <p>Exchanges over both levels begin their second half in the order in which they were started, whichever is polled or
 * awaited first; otherwise members would call operations in different orders. So these two communicators belong to such
 * exchanges, and one thread uses all of them.
 */
public final class TwoLevelGroup {
    private final Communicator inner;
    private final Communicator outer;
    private final ArrayDeque<StagedExchange> firstHalves = new ArrayDeque<>();

    /**
     * Makes one.
     *
     * @param inner the ranks of this host, in order
     * @param outer the ranks with this one's place on every host, in order of hosts
     */
    public TwoLevelGroup(Communicator inner, Communicator outer) {
        this.inner = inner;
        this.outer = outer;
    }

    Communicator inner() {
        return inner;
    }

    Communicator outer() {
        return outer;
    }

    /** How many hosts. */
    public int hosts() {
        return outer.size();
    }

    /** How many ranks on each. */
    public int ranksPerHost() {
        return inner.size();
    }

    /** All ranks. */
    public int size() {
        return hosts() * ranksPerHost();
    }

    /** This rank. */
    public int rank() {
        return rank(outer.rank(), inner.rank());
    }

    int rank(int host, int member) {
        return host * ranksPerHost() + member;
    }

    /** First element of the slice of {@code elements} that ends on a rank; the end of the last one for {@link #size}. */
    public long sliceStart(long elements, int rank) {
        long whole = elements / size();
        return whole * rank + Math.min(rank, elements % size());
    }

    /** How many elements that slice has; slices differ by one at most. */
    public long sliceElements(long elements, int rank) {
        return sliceStart(elements, rank + 1) - sliceStart(elements, rank);
    }

    void enterFirstHalf(StagedExchange exchange) {
        firstHalves.addLast(exchange);
    }

    void leaveFirstHalf(StagedExchange exchange) {
        firstHalves.remove(exchange);
    }

    /** The oldest exchange in its first half: it is the next to go on. */
    StagedExchange oldest() {
        return firstHalves.getFirst();
    }

    void abort(CollectiveException cause) {
        inner.abort(cause);
        outer.abort(cause);
    }
}
