package io.dunlin.launcher.bench;

import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * What the members in one process, or all members, say to one order; one line of JSON.
 *
 * @param answers in the order of ranks
 */
record Answers(List<Answer> answers) {
    /** Copies the list. */
    Answers {
        answers = List.copyOf(answers);
    }

    /** The answer of a process with one member. */
    static Answers of(Answer answer) {
        return new Answers(List.of(answer));
    }

    /**
     * These answers, of all members, if nobody failed.
     *
     * @throws BenchException what a member said why it could not
     */
    List<Answer> orFailure() {
        failure(0).ifPresent(failure -> {
            throw failure;
        });
        return answers;
    }

    /** Whether a member could not do it. */
    boolean failed() {
        return answers.stream().anyMatch(Answer.Failed.class::isInstance);
    }

    /**
     * Why it could not be done: the failure of the first member that did not just lose another.
     *
     * @param firstRank of these members
     */
    Optional<BenchException> failure(int firstRank) {
        return IntStream.range(0, answers.size())
                .mapToObj(i -> answers.get(i) instanceof Answer.Failed failure
                        ? Optional.of(BenchException.rankFailed(firstRank + i, failure))
                        : Optional.<BenchException>empty())
                .flatMap(Optional::stream)
                .min(Comparator.comparing(BenchException::aboutOthers));
    }
}
