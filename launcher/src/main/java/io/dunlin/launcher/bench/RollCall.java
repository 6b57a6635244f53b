package io.dunlin.launcher.bench;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/** Who has answered an order, who has failed, who has ended. */
final class RollCall {
    private final List<Optional<Answers>> said;
    private final List<BenchChild.Ended> ended = new ArrayList<>();

    RollCall(int children) {
        said = new ArrayList<>(Collections.nCopies(children, Optional.empty()));
    }

    /**
     * Takes down an event.
     *
     * @return whether something has gone wrong so far, and only last words are to be waited for
     */
    boolean note(BenchChild.Event event) {
        switch (event) {
            case BenchChild.Said(int child, Answers answers) -> said.set(child, Optional.of(answers));
            case BenchChild.Ended end -> ended.add(end);
        }
        return !ended.isEmpty() || said.stream().flatMap(Optional::stream).anyMatch(Answers::failed);
    }

    /** Whether nobody will say anything more. */
    boolean complete() {
        return IntStream.range(0, said.size()).allMatch(child -> said.get(child).isPresent() || hasEnded(child));
    }

    private boolean hasEnded(int child) {
        return ended.stream().anyMatch(end -> end.child() == child);
    }

    /**
     * The answers of all.
     *
     * @throws BenchException the cause that comes first: a failure that is not about other ranks, a process that ended and
     *     did not say why, a failure that is about others, silence
     */
    Answers result(String what, Duration limit) {
        if (ended.isEmpty() && said.stream().allMatch(Optional::isPresent)) {
            return new Answers(said.stream()
                    .flatMap(answers -> answers.orElseThrow().answers().stream())
                    .toList());
        }
        throw cause(what, limit);
    }

    private BenchException cause(String what, Duration limit) {
        List<BenchException> failures = new ArrayList<>();
        for (int child = 0; child < said.size(); child++) {
            int first = child;
            said.get(child).flatMap(answers -> answers.failure(first)).ifPresent(failures::add);
        }
        Optional<BenchException> own =
                failures.stream().filter(failure -> !failure.aboutOthers()).findFirst();
        Optional<BenchException> death = ended.stream()
                .filter(end -> said.get(end.child()).filter(Answers::failed).isEmpty())
                .findFirst()
                .map(end -> BenchException.rankEnded(end.child(), end.status(), end.lastLines()));
        return own.or(() -> death).or(() -> failures.stream().findFirst()).orElseGet(() -> {
            List<Integer> silent = IntStream.range(0, said.size())
                    .filter(child -> said.get(child).isEmpty())
                    .boxed()
                    .toList();
            return BenchException.noAnswer(silent, what, limit);
        });
    }
}
