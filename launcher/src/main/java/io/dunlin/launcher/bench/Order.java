package io.dunlin.launcher.bench;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import io.dunlin.tensor.DType;

/** What all members of a measurement are told to do; one line of JSON each where they are processes. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "order")
@JsonSubTypes({
    @JsonSubTypes.Type(value = Order.Time.class, name = "time"),
    @JsonSubTypes.Type(value = Order.Check.class, name = "check"),
    @JsonSubTypes.Type(value = Order.Copy.class, name = "copy"),
    @JsonSubTypes.Type(value = Order.Leave.class, name = "leave")
})
sealed interface Order {

    /** Call an operation again and again; each answers with an {@link Answer.Timed}. */
    record Time(Call call, int iterations) implements Order {}

    /** Call an operation once and look at every element; each answers with an {@link Answer.Checked}. */
    record Check(Call call, long round) implements Order {}

    /** Copy memory, everybody at once; each answers with an {@link Answer.Copied}. */
    record Copy(long bytes, int iterations) implements Order {}

    /** Close everything and end; there is no answer. */
    record Leave() implements Order {}

    /**
     * An operation at a size.
     *
     * @param bytes as the operation counts them
     */
    record Call(CollectiveOp op, long bytes, DType dtype, Place place) {}
}
