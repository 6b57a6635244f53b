package io.dunlin.collectives.flight;

import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;

/** Puts together what the members of one group wrote about the same operation, in the order of operations. */
final class GroupHistory {
    /** An operation that some member's ring no longer holds is given up when so many after it are whole. */
    private static final long OVERTAKEN = 16;

    private final NavigableMap<Long, List<Optional<OperationRecord>>> rows = new TreeMap<>();
    private final int members;
    private long next;

    /** An operation that is over on all members; times on the clock of rank 0. */
    record Row(long number, List<OperationRecord> records, List<Flight.Clock> clocks) {
        long readyNs(int member) {
            return at(member, records.get(member).times().readyNs());
        }

        long enterNs(int member) {
            return at(member, records.get(member).times().enterNs());
        }

        long lastReceivedNs(int member) {
            return at(member, records.get(member).times().lastReceivedNs());
        }

        long lastSentNs(int member) {
            return at(member, records.get(member).times().lastSentNs());
        }

        long doneNs(int member) {
            return at(member, records.get(member).times().doneNs());
        }

        private long at(int member, long ns) {
            return clocks.get(member).onReference(ns);
        }

        int members() {
            return records.size();
        }
    }

    GroupHistory(int members) {
        this.members = members;
    }

    /** Operations before this one are not waited for any more. */
    long next() {
        return next;
    }

    /** Takes what was seen of all members; whole rows come out, once each. */
    void take(List<GroupFlight> flights, List<Flight.Clock> clocks, Consumer<Row> whole) {
        for (int member = 0; member < members; member++) {
            for (OperationRecord record : flights.get(member).operations()) {
                if (record.state() == OperationRecord.State.DONE && record.number() >= next) {
                    rows.computeIfAbsent(record.number(), number -> empty()).set(member, Optional.of(record));
                }
            }
        }
        while (!rows.isEmpty()) {
            List<Optional<OperationRecord>> row = rows.firstEntry().getValue();
            if (row.stream().allMatch(Optional::isPresent)) {
                long number = rows.firstKey();
                whole.accept(
                        new Row(number, row.stream().flatMap(Optional::stream).toList(), clocks));
            } else if (!overtaken()) {
                return;
            }
            next = rows.pollFirstEntry().getKey() + 1;
        }
    }

    private List<Optional<OperationRecord>> empty() {
        List<Optional<OperationRecord>> row = new ArrayList<>();
        for (int member = 0; member < members; member++) {
            row.add(Optional.empty());
        }
        return row;
    }

    private boolean overtaken() {
        return rows.tailMap(rows.firstKey() + OVERTAKEN).values().stream()
                .anyMatch(row -> row.stream().allMatch(Optional::isPresent));
    }
}
