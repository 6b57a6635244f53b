package io.dunlin.collectives.flight;

/** Operations that take about as long as each other: the same thing, done the same way, to about as many bytes. */
record Shape(int kind, int algorithm, int magnitude) {
    static Shape of(OperationRecord record) {
        OperationRecord.Called call = record.call();
        return new Shape(
                call.kind().ordinal(), call.algorithm(), Long.SIZE - Long.numberOfLeadingZeros(call.lengthBytes()));
    }
}
