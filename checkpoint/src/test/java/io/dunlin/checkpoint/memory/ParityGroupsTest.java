package io.dunlin.checkpoint.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

class ParityGroupsTest {
    @Provide
    Arbitrary<List<String>> domains() {
        return Arbitraries.of("a", "b", "c", "d", "e", "f", "g", "h", "i")
                .list()
                .ofMinSize(4)
                .ofMaxSize(100);
    }

    @Property(tries = 500)
    void shouldDealEveryHostOnceToGroupsOfAlmostOneSize(@ForAll("domains") List<String> domains) {
        List<List<Integer>> groups = ParityGroups.of(domains, 8, 2).groups();

        assertThat(groups.stream().flatMap(List::stream).sorted())
                .containsExactlyElementsOf(
                        IntStream.range(0, domains.size()).boxed().toList());
        List<Integer> sizes = groups.stream().map(List::size).sorted().toList();
        assertThat(sizes.getLast() - sizes.getFirst()).isLessThanOrEqualTo(1);
        assertThat(sizes.getFirst()).isGreaterThan(2);
        assertThat(sizes.getLast()).isLessThanOrEqualTo(12);
        assertThat(groups).allSatisfy(group -> assertThat(group).isSorted());
    }

    /** The largest domain must have so many in some group, however hosts are dealt. */
    @Property(tries = 500)
    void shouldLeaveAsFewOfADomainInAGroupAsCanBe(@ForAll("domains") List<String> domains) {
        ParityGroups groups = ParityGroups.of(domains, 8, 2);
        Map<String, Long> sizes =
                domains.stream().collect(Collectors.groupingBy(Function.identity(), Collectors.counting()));
        long largest = sizes.values().stream().mapToLong(Long::longValue).max().orElseThrow();

        assertThat((long) groups.mostLostWithOneDomain(domains))
                .isEqualTo(Math.ceilDiv(largest, groups.groups().size()));
    }

    /**
     * Ranks are usually numbered rack by rack. Groups of neighbouring numbers, as published systems make them unless told a
     * distance, would lose four of four with a rack.
     */
    @Test
    void shouldSurviveARackWhereHostsAreNumberedRackByRack() {
        List<String> domains = new ArrayList<>();
        for (int host = 0; host < 64; host++) {
            domains.add("rack-" + host / 4);
        }

        assertThat(ParityGroups.of(domains, 8, 2).mostLostWithOneDomain(domains))
                .isEqualTo(1);
        assertThat(new ParityGroups(List.of(List.of(0, 1, 2, 3, 4, 5, 6, 7))).mostLostWithOneDomain(domains))
                .isEqualTo(4);
    }

    @Test
    void shouldMakeOneGroupOfFewHosts() {
        assertThat(ParityGroups.of(List.of("x", "y", "x"), 8, 2).groups()).containsExactly(List.of(0, 1, 2));
    }

    @Test
    void shouldRefuseWhatCannotLoseSoMany() {
        assertThatThrownBy(() -> ParityGroups.of(List.of("a", "b"), 8, 2)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> ParityGroups.of(List.of("a", "b", "c"), 2, 2))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> ParityGroups.of(List.of("a", "b", "c"), 129, 2))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
