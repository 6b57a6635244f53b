package io.dunlin.launcher.bench;

import java.time.Duration;
import java.util.List;

/** The members of a measurement, or those of them in one process. */
interface Crew extends AutoCloseable {

    /**
     * Tells all members, and waits for all of them.
     *
     * @param limit until all must have answered
     * @return their answers, by rank
     * @throws BenchException naming the ranks that have ended or did not answer; the crew is of no use after it
     */
    Answers tell(Order order, Duration limit);

    /**
     * Tells all members, and expects that all can do it.
     *
     * @throws BenchException as {@link #tell}, or what a member said why it could not
     */
    default List<Answer> ask(Order order, Duration limit) {
        return tell(order, limit).orFailure();
    }

    @Override
    void close();
}
